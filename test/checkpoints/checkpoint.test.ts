import {expect} from 'chai';
import {cpSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  CaptionerError,
  type Checkpoint,
  type ErrorCode,
  exportCheckpoint,
  loadCheckpoint,
  saveCheckpoint,
  tf,
  Trainer,
} from 'captioner';
import {readFolderVerified, writeFolderAtomic} from 'captioner/dist/files/atomic';
import {formatSafetensors, parseSafetensors} from 'captioner/dist/files/safetensors';
import {captionBatch} from 'captioner/dist/evaluation/evaluate';
import {temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyEncoder, toyOptions, type Toy} from '../training/toy';

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof CaptionerError) return error.code;
    throw error;
  }
}

describe('A checkpoint', () => {
  const folder = temporaryFolder();
  const run = join(folder, 'run');
  let toy: Toy;
  let trained: Trainer;
  let said: string[];
  /** The run's newest checkpoint. */
  let newest: string;

  const captions = ({decoder, vocabulary}: Checkpoint | Trainer): string[] =>
    captionBatch({decoder, vocabulary}, toy.features, toy.dataset.images, {beams: 2});

  /** A copy of the newest checkpoint. */
  function copy(name: string): string {
    const to = join(folder, name);
    cpSync(newest, to, {recursive: true});
    return to;
  }

  /** The same with other files, and a manifest that fits them. */
  async function rewritten(
    name: string,
    change: (files: Record<string, Uint8Array>) => void,
  ): Promise<string> {
    const files: Record<string, Uint8Array> = Object.fromEntries(await readFolderVerified(newest));
    change(files);
    await writeFolderAtomic(join(folder, name), files);
    return join(folder, name);
  }

  before(async () => {
    toy = await makeToy(folder);
    trained = await Trainer.create({
      ...toy,
      decoder: toyDecoder(toy, {embedding: 24, units: 48, dropout: 0.1}),
      run,
      options: {...toyOptions, epochs: 15},
    });
    await trained.train();
    said = captions(trained);
    expect(new Set(said).size, 'different captions').to.be.above(2);
    newest = join(run, 'checkpoints', readFileSync(join(run, 'latest'), 'utf8').trim());
    trained.close();
  });

  it('gives the same weights and captions after loading', async () => {
    const loaded = await loadCheckpoint(newest);
    expect(captions(loaded)).to.deep.equal(said);
    expect(loaded.encoder).to.deep.equal({
      name: toyEncoder.name,
      digest: toyEncoder.digest,
      preprocessing: toyEncoder.preprocessing,
    });
    expect(loaded.training?.position).to.deep.equal(trained.position);
    for (const [name, weight] of trained.decoder.weights)
      expect(loaded.decoder.weights.get(name)!.dataSync(), name).to.deep.equal(weight.dataSync());
    loaded.decoder.dispose();
  });

  it('is the best one when a run is loaded', async () => {
    const best = readFileSync(join(run, 'best'), 'utf8').trim();
    expect(best).to.equal(`step-${String(trained.position.best!.step).padStart(9, '0')}`);
    const {decoder, training} = await loadCheckpoint(run);
    expect(training?.position.step).to.equal(trained.position.best!.step);
    decoder.dispose();
  });

  it('is refused when a byte of it was changed', async () => {
    const damaged = copy('damaged');
    for (const name of readdirSync(damaged)) {
      const file = join(damaged, name);
      const bytes = readFileSync(file);
      for (let k = 0; k < 8; k++) {
        const at = Math.floor((bytes.length * (k + 0.5)) / 8);
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1 << k;
        writeFileSync(file, changed);
        const code = await codeOf(loadCheckpoint(damaged));
        const expected =
          name === 'manifest.json'
            ? ['checksum', 'header', 'version', 'truncated', 'not-found']
            : ['checksum'];
        expect(expected, `${name} at ${at}`).to.include(code);
      }
      writeFileSync(file, bytes);
    }
    (await loadCheckpoint(damaged)).decoder.dispose();
  });

  it('is refused when a file of it was cut short', async () => {
    const damaged = copy('short');
    for (const name of readdirSync(damaged)) {
      const file = join(damaged, name);
      const bytes = readFileSync(file);
      for (const length of [0, 1, bytes.length >> 1, bytes.length - 2]) {
        truncateSync(file, length);
        const code = await codeOf(loadCheckpoint(damaged));
        expect(code, `${name} of ${length} bytes`).to.equal(
          name === 'manifest.json' ? 'header' : 'truncated',
        );
        writeFileSync(file, bytes);
      }
    }
  });

  it('is refused when it was written by a newer version, or is none', async () => {
    const card = (edit: (card: Record<string, unknown>) => void) => (files: Record<string, Uint8Array>) => {
      const json = JSON.parse(Buffer.from(files['checkpoint.json']!).toString()) as Record<string, unknown>;
      edit(json);
      files['checkpoint.json'] = Buffer.from(JSON.stringify(json));
    };
    const codes: Record<string, ErrorCode | undefined> = {};
    for (const [name, edit] of Object.entries<(card: Record<string, unknown>) => void>({
      newer: (json) => (json['version'] = 3),
      headless: (json) => delete json['decoder'],
      unknown: (json) => (json['decoder'] = {...(json['decoder'] as object), kind: 'parrot'}),
      wordless: (json) => (json['vocabulary'] = {version: 1, words: ['one']}),
    }))
      codes[name] = await codeOf(loadCheckpoint(await rewritten(name, card(edit))));
    expect(codes).to.deep.equal({
      newer: 'version',
      headless: 'header',
      unknown: 'options',
      wordless: 'mismatch',
    });
    expect(await codeOf(loadCheckpoint(join(folder, 'nowhere')))).to.equal('not-found');
    expect(await codeOf(loadCheckpoint(temporaryFolder()))).to.equal('not-found');
  });

  it('is refused when its tensors are not those of its decoder', async () => {
    const tensors =
      (edit: (tensors: ReturnType<typeof parseSafetensors>['tensors']) => void) =>
      (files: Record<string, Uint8Array>) => {
        const {tensors: all} = parseSafetensors(files['weights.safetensors']!, 'weights');
        edit(all);
        files['weights.safetensors'] = formatSafetensors(all);
      };
    const bias = 'output.bias';
    const codes: Record<string, ErrorCode | undefined> = {};
    for (const [name, edit] of Object.entries<Parameters<typeof tensors>[0]>({
      missing: (all) => all.delete(bias),
      extra: (all) => all.set('more', all.get(bias)!),
      shape: (all) => all.set(bias, {...all.get(bias)!, shape: [1, toy.vocabulary.size]}),
      dtype: (all) => all.set(bias, {...all.get(bias)!, dtype: 'I32'}),
    }))
      codes[name] = await codeOf(loadCheckpoint(await rewritten(name, tensors(edit))));
    expect(codes).to.deep.equal({missing: 'mismatch', extra: 'mismatch', shape: 'mismatch', dtype: 'dtype'});
  });

  it('is passed over for an older one when it is damaged, and the run says so', async () => {
    const damaged = join(folder, 'damaged-run');
    cpSync(run, damaged, {recursive: true});
    const [last, before] = readdirSync(join(damaged, 'checkpoints')).sort().reverse();
    const file = join(damaged, 'checkpoints', last!, 'optimizer.safetensors');
    truncateSync(file, 100);
    const trainer = await Trainer.resume(damaged, toy);
    expect(trainer.skipped).to.have.length(1);
    expect(trainer.skipped[0]).to.include({checkpoint: last});
    expect(trainer.skipped[0]!.reason).to.match(/optimizer\.safetensors: expected \d+ bytes, got 100/);
    expect(trainer.position.step).to.equal(Number(before!.slice(5)));
    expect(trainer.history.steps.at(-1)?.step).to.equal(trainer.position.step);
    expect(readFileSync(join(damaged, 'latest'), 'utf8').trim()).to.equal(before);
    // What it saves next counts, and the damaged one does not drive out a good one.
    trainer.step();
    await trainer.save();
    trainer.close();
    const names = readdirSync(join(damaged, 'checkpoints'));
    expect(names)
      .to.include(before)
      .and.to.include(`step-${String(trainer.position.step).padStart(9, '0')}`);
    trainer.decoder.dispose();
  });

  it('is not to be resumed from when all are damaged, and each is named', async () => {
    const damaged = join(folder, 'ruined-run');
    cpSync(run, damaged, {recursive: true});
    const names = readdirSync(join(damaged, 'checkpoints'));
    for (const name of names) truncateSync(join(damaged, 'checkpoints', name, 'weights.safetensors'), 9);
    const error = await Trainer.resume(damaged, toy).catch((caught: unknown) => caught as CaptionerError);
    expect(error).to.have.property('code', 'not-found');
    for (const name of names) expect((error as CaptionerError).message).to.include(name);
  });

  it('is small when it is exported, and writes the same captions', async () => {
    const to = join(folder, 'exported');
    await exportCheckpoint([newest], to);
    expect(readdirSync(to).sort()).to.deep.equal(['checkpoint.json', 'manifest.json', 'weights.safetensors']);
    const size = (at: string) => statSync(join(at, 'weights.safetensors')).size;
    expect(size(to)).to.be.below(0.6 * size(newest));
    const loaded = await loadCheckpoint(to);
    expect(loaded.training).to.equal(undefined);
    expect(loaded.settings).to.include({batch: 8, learningRate: 0.01});
    expect(captions(loaded)).to.deep.equal(said);
    loaded.decoder.dispose();
  });

  it('is not replaced by one whose weights are not finite', async () => {
    const to = copy('kept');
    const broken = await loadCheckpoint(to);
    broken.decoder.output.bias.assign(tf.fill([toy.vocabulary.size], NaN));
    expect(await codeOf(saveCheckpoint(to, broken))).to.equal('diverged');
    broken.decoder.dispose();
    const loaded = await loadCheckpoint(to);
    expect(captions(loaded)).to.deep.equal(said);
    loaded.decoder.dispose();
  });

  it('leaks no tensors over 20 saves and loads', async () => {
    const once = async (): Promise<void> => {
      const trainer = await Trainer.resume(run, toy);
      await trainer.save();
      trainer.close();
      trainer.decoder.dispose();
      (await loadCheckpoint(run)).decoder.dispose();
    };
    await once();
    const {numTensors, numBytes} = tf.memory();
    for (let k = 0; k < 20; k++) await once();
    expect(tf.memory().numTensors).to.equal(numTensors);
    expect(tf.memory().numBytes).to.equal(numBytes);
  });
});
