/** Devices, pipes, sockets, folders and sparse files where a regular file belongs: refused at once, before a byte is read. */
import {execFileSync} from 'node:child_process';
import {cpSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {
  createDecoder,
  loadCheckpoint,
  loadEncoder,
  openDataset,
  readPixels,
  readWordVectors,
  saveCheckpoint,
  Vocabulary,
} from 'captioner';
import {findCheckpoint} from 'captioner/dist/checkpoints/list';
import {runMetadata} from 'captioner/dist/checkpoints/metadata';
import {pointedTo} from 'captioner/dist/checkpoints/run-layout';
import {readCandidates, readReferences} from 'captioner/dist/commands/caption-tables';
import {readRecord} from 'captioner/dist/datasets/synthetic/scene-record';
import {readShard} from 'captioner/dist/features/shard';
import {lockFolder} from 'captioner/dist/files/lock';
import {readSafetensorsHeader} from 'captioner/dist/files/safetensors';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';

const root = temporaryFolder();
const good = join(root, 'good');

/** What lies in place of a file. */
const kinds: Readonly<Record<string, (path: string) => unknown>> = {
  'a device that never ends': (path) => symlinkSync('/dev/zero', path),
  'a pipe without a writer': (path) => execFileSync('mkfifo', [path]),
  'a folder': (path) => mkdirSync(path),
  'a socket': (path) => new Promise<void>((done) => createServer().unref().listen(path, done)),
  'a sparse file of 10 GB': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 10e9);
  },
};

/** Readers of untrusted files. Each is given the folder with the file, and the file's path. */
const readers: Readonly<
  Record<string, readonly [name: string, read: (folder: string, path: string) => unknown]>
> = {
  'the weights of a checkpoint': ['weights.safetensors', (folder) => loadCheckpoint(folder)],
  'the manifest of a checkpoint': ['manifest.json', (folder) => loadCheckpoint(folder)],
  'the card of a checkpoint': ['checkpoint.json', (folder) => loadCheckpoint(folder)],
  'the weights of an encoder': [
    'encoder.safetensors',
    (_, path) => loadEncoder('efficientnet-lite0', {weights: path}),
  ],
  'a shard of features': ['shard-00000.safetensors', (_, path) => readShard(path)],
  'a table of captions': ['captions.csv', (_, path) => readReferences(path)],
  'captions in JSON': ['captions.json', (_, path) => readCandidates(path)],
  'an image': [
    'image.jpg',
    (_, path) =>
      readPixels(path, {size: 8, fit: 'crop', interpolation: 'linear', mean: [0, 0, 0], std: [1, 1, 1]}),
  ],
  'the record of drawn scenes': ['scenes.json', (folder) => readRecord(folder)],
  'word vectors': [
    'vectors.txt',
    (_, path) => readWordVectors(path, Vocabulary.from(['a dog'], {minimumCount: 1})),
  ],
  'a lock': ['.lock', (folder) => lockFolder(folder)],
  'a pointer of a run': ['best', (folder) => pointedTo(folder, 'best')],
};

describe('A special file in place of', function () {
  this.timeout(60_000);

  before(async () => {
    const decoder = createDecoder('lstm', 5, 4, {units: 4, embedding: 4});
    const encoder = {
      name: 'efficientnet-lite0',
      digest: '0'.repeat(64),
      preprocessing: {size: 64, fit: 'stretch', interpolation: 'cubic', mean: [0, 0, 0], std: [1, 1, 1]},
    } as const;
    await saveCheckpoint(good, {decoder, vocabulary: Vocabulary.from(['dog'], {minimumCount: 1}), encoder});
    decoder.dispose();
  });

  let count = 0;
  for (const [what, [name, read]] of Object.entries(readers))
    it(`${what} is refused in words`, async () => {
      for (const [kind, put] of Object.entries(kinds)) {
        const folder = join(root, `${count++}`);
        cpSync(good, folder, {recursive: true});
        const path = join(folder, name);
        rmSync(path, {force: true});
        await put(path);
        const before = process.memoryUsage().rss;
        // Through a promise, so that what throws at once is refused as well.
        const error = await refusal(Promise.resolve().then(() => read(folder, path)));
        expect(error.message, kind).to.include(folder);
        expect(error.message, kind).to.match(/expected/);
        expect(process.memoryUsage().rss - before, kind).to.be.below(100e6);
      }
    });

  it('the captions of a dataset is refused in words', async () => {
    for (const [kind, put] of Object.entries(kinds)) {
      if (kind.startsWith('a sparse')) continue; // read line by line: refused at the first, which is too long
      const folder = join(root, `${count++}`);
      mkdirSync(folder);
      await put(join(folder, 'captions.txt'));
      expect((await refusal(openDataset(folder))).message, kind).to.include(folder);
    }
  });

  it('what only lists or shows hangs nothing', async () => {
    for (const put of Object.values(kinds)) {
      const folder = join(root, `${count++}`);
      cpSync(good, folder, {recursive: true});
      rmSync(join(folder, 'checkpoint.json'));
      await put(join(folder, 'checkpoint.json'));
      expect(findCheckpoint(folder)?.problem).to.equal('damaged');
      const run = join(root, `${count++}`);
      mkdirSync(join(run, 'checkpoints'), {recursive: true});
      cpSync(folder, join(run, 'checkpoints', 'step-000000001'), {
        recursive: true,
        filter: (path) => !path.endsWith('checkpoint.json'),
      });
      await put(join(run, 'checkpoints', 'step-000000001', 'checkpoint.json'));
      expect(runMetadata(run)).to.equal(undefined);
    }
  });

  it('a header is refused whatever its size claims', () => {
    const path = join(root, 'claims.safetensors');
    writeFileSync(path, Buffer.from('ffffffffffffff7f', 'hex'));
    truncateSync(path, 5e9);
    expect(() => readSafetensorsHeader(path)).to.throw(/at most 100 MB/);
  });
});

describe('The manifest of a checkpoint', () => {
  const manifestOf = (files: object): string => {
    const folder = join(root, `manifest-${Math.random()}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({version: 1, files}));
    return folder;
  };
  const entry = {size: 1, sha256: '0'.repeat(64)};

  for (const name of ['..', '.', 'a/b', '../a', 'a\0b', 'a\nb', 'a\\b', '\u001b[2J'])
    it(`may not name ${JSON.stringify(name)}`, async () => {
      const {code, message} = await refusal(loadCheckpoint(manifestOf({[name]: entry})));
      expect(code).to.equal('header');

      expect(message).to.not.match(/[\x00-\x1f]/);
    });

  it('may not claim more than is read at once, nor less than nothing', async () => {
    for (const size of [2 ** 40, -1, 0.5, Number.MAX_VALUE])
      expect((await refusal(loadCheckpoint(manifestOf({a: {...entry, size}})))).code).to.equal('header');
    const many = Object.fromEntries(Array.from({length: 10}, (_, at) => [`f${at}`, {...entry, size: 4e8}]));
    expect((await refusal(loadCheckpoint(manifestOf(many)))).code).to.equal('header');
  });

  it('names a file of a very long name in words', async () => {
    await refusal(loadCheckpoint(manifestOf({['x'.repeat(300)]: entry})));
  });
});
