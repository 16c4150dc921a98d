/** Checkpoints: whatever their cards, histories and manifests say, they are loaded or refused in words, and no tensor is left. */
import {cpSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {createDecoder, loadCheckpoint, saveCheckpoint, tf, Vocabulary} from 'captioner';
import {parseHistory} from 'captioner/dist/checkpoints/history';
import {parseMetadata} from 'captioner/dist/checkpoints/metadata';
import {sha256} from 'captioner/dist/files/atomic';
import {expect} from 'chai';
import fc from 'fast-check';
import {temporaryFolder} from '../../support';
import {
  changedJson,
  damaged,
  edits,
  expectInWords,
  holds,
  holdsAsync,
  jsonChanges,
  readOrRefused,
} from './cases';

const root = temporaryFolder();
const [good, tried] = [join(root, 'good'), join(root, 'tried')];
const names = [
  'checkpoint.json',
  'history.json',
  'manifest.json',
  'optimizer.safetensors',
  'weights.safetensors',
];
const encoder = {
  name: 'efficientnet-lite0',
  digest: '0'.repeat(64),
  preprocessing: {size: 64, fit: 'stretch', interpolation: 'cubic', mean: [0, 0, 0], std: [1, 1, 1]},
} as const;
const epoch = {epoch: 1, step: 2, loss: 1, validationLoss: 2, learningRate: 1e-3, metrics: {'CIDEr-D': 0.5}, seconds: 3, panel: [{id: 'a', file: 'a.jpg', caption: 'a dog', references: ['a cat']}], best: true}; // prettier-ignore
const step = {step: 1, epoch: 1, loss: 2, learningRate: 1e-3, gradientNorm: 1};

interface Manifest {
  readonly files: Record<string, {size: number; sha256: string}>;
}

/** Lays a file into the checkpoint that is tried, with sums that fit, as whoever lies would. */
function lay(name: string, content: Buffer | string): void {
  for (const one of names) cpSync(join(good, one), join(tried, one));
  writeFileSync(join(tried, name), content);
  const manifest = JSON.parse(readFileSync(join(good, 'manifest.json'), 'utf8')) as Manifest;
  manifest.files[name] = {size: Buffer.byteLength(content), sha256: sha256(content)};
  if (name !== 'manifest.json') writeFileSync(join(tried, 'manifest.json'), JSON.stringify(manifest));
}

/** Loads the checkpoint that is tried. @returns Whether it was loaded. */
async function load(): Promise<boolean> {
  const {numTensors} = tf.memory();
  try {
    (await loadCheckpoint(tried)).decoder.dispose();
    return true;
  } catch (error) {
    expectInWords(error);
    return false;
  } finally {
    expect(tf.memory().numTensors, 'tensors').to.equal(numTensors);
  }
}

const json = (name: string): unknown => JSON.parse(readFileSync(join(good, name), 'utf8')) as unknown;

describe('Any checkpoint', function () {
  this.timeout(1_200_000);

  before(async () => {
    const decoder = createDecoder('lstm', 7, 4, {units: 4, embedding: 4});
    const training = {
      settings: {epochs: 2},
      position: {step: 2, epoch: 1, batch: 0, learningRate: 1e-3, best: {score: 0.5, step: 2, loss: 2}},
      history: {steps: [step, {...step, step: 2}], epochs: [epoch]},
      optimizer: new Map([['adam.m', new Float32Array(3)]]),
    };
    const vocabulary = Vocabulary.from(['dog cat ball'], {minimumCount: 1});
    for (const folder of [good, tried])
      await saveCheckpoint(folder, {decoder, vocabulary, encoder, training});
    decoder.dispose();
  });

  it('is loaded or refused in words, whatever its card says', async () => {
    const card = json('checkpoint.json');
    let loaded = 0;
    await holdsAsync(
      fc.asyncProperty(jsonChanges, async (changes) => {
        lay('checkpoint.json', changedJson(card, changes));
        loaded += Number(await load());
      }),
    );
    expect(loaded, 'not all are refused').to.be.above(0);
  });

  it('has a card that is read or refused in words, whatever its bytes are', () => {
    const card = readFileSync(join(good, 'checkpoint.json'));
    holds(
      fc.property(edits, (changes) => {
        readOrRefused(() => parseMetadata(damaged(card, changes), 'checkpoint.json'));
      }),
    );
  });

  it('has a history that is read or refused in words, whatever it says', () => {
    const history = json('history.json');
    holds(
      fc.property(jsonChanges, (changes) => {
        const text = Buffer.from(changedJson(history, changes));
        const read = readOrRefused(() => parseHistory(text, 'history.json'));
        for (const report of read?.epochs ?? []) expect(report.validationLoss).to.be.a('number');
      }),
    );
  });

  it('is loaded or refused in words, whatever its manifest says', async () => {
    const manifest = json('manifest.json');
    await holdsAsync(
      fc.asyncProperty(jsonChanges, async (changes) => {
        lay('manifest.json', changedJson(manifest, changes));
        await load();
      }),
    );
  });

  it('is never loaded with other bytes than were saved', async () => {
    await holdsAsync(
      fc.asyncProperty(fc.constantFrom(...names), edits, async (name, changes) => {
        const bytes = readFileSync(join(good, name));
        const changed = damaged(bytes, changes);
        for (const one of names) cpSync(join(good, one), join(tried, one));
        writeFileSync(join(tried, name), changed);
        const sameJson = name === 'manifest.json' && (await load());
        if (sameJson) return; // blanks, or a file that is not listed any more
        if (name !== 'manifest.json') expect(await load()).to.equal(changed.equals(bytes));
      }),
    );
  });
});

describe('Any vocabulary', () => {
  it('is restored as it was', () => {
    holds(
      fc.property(fc.array(fc.string({unit: 'binary'}), {minLength: 1}), (words) => {
        const made = readOrRefused(() => Vocabulary.from(words, {minimumCount: 1}));
        if (made === undefined) return;
        const restored = Vocabulary.fromJSON(JSON.parse(JSON.stringify(made)));
        expect(restored.toJSON()).to.deep.equal(made.toJSON());
      }),
    );
  });
});
