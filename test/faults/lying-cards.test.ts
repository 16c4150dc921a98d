/** Checkpoints whose card claims sizes that their weights don't have, and options of absurd sizes: refused before anything is allocated. */
import {readFileSync, writeFileSync} from 'node:fs';
import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {createDecoder, loadCheckpoint, loadEncoder, saveCheckpoint, tf, Vocabulary} from 'captioner';
import {sha256} from 'captioner/dist/files/atomic';
import {checkMemory, memoryLimit} from 'captioner/dist/memory';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';

const root = temporaryFolder();
const encoder = {
  name: 'efficientnet-lite0',
  digest: '0'.repeat(64),
  preprocessing: {size: 64, fit: 'stretch', interpolation: 'cubic', mean: [0, 0, 0], std: [1, 1, 1]},
} as const;
const words = ['dog', 'cat', 'ball'];

type Card = {
  decoder: {kind: string; depth: number; options: Record<string, unknown>};
  encoder: {preprocessing: Record<string, unknown>};
  vocabulary: {words: unknown};
  views?: number;
  fineTuned?: {from: string};
};

/** Changes to a card, each of which would cost gigabytes or minutes if it were believed. */
const lies: Readonly<Record<string, (card: Card) => unknown>> = {
  'a depth of ten million': ({decoder}) => (decoder.depth = 1e7),
  'a depth beyond all memory': ({decoder}) => (decoder.depth = Number.MAX_SAFE_INTEGER),
  'a depth of nothing': ({decoder}) => (decoder.depth = 0),
  '65,536 units': ({decoder}) => (decoder.options['units'] = 65_536),
  '65,536 numbers in a word': ({decoder}) => (decoder.options['embedding'] = 65_536),
  'both': ({decoder}) => Object.assign(decoder.options, {units: 65_536, embedding: 65_536}),
  'a hundred layers': ({decoder}) => (decoder.options['layers'] = 100),
  'a transformer of full size': (card) =>
    (card.decoder = {
      kind: 'transformer',
      depth: 8,
      options: {units: 65_536, heads: 8, feedForward: 65_536, layers: 100, encoderLayers: 100},
    }),
  'another kind': ({decoder}) => Object.assign(decoder, {kind: 'attention', options: {units: 65_536}}),
  'a million words': ({vocabulary}) => (vocabulary.words = Array.from({length: 1e6}, (_, at) => `${at}`)),
  'words that are no list': ({vocabulary}) => (vocabulary.words = {length: 1e9}),
  'an image of 5,000 pixels': ({encoder: {preprocessing}}) => (preprocessing['size'] = 5000),
  'an image of a billion pixels': ({encoder: {preprocessing}}) => (preprocessing['size'] = 1e9),
  'a billion views': (card) => (card.views = 1e9),
  'a hundred thousand views': (card) => (card.views = 1e5),
  'a dropout of everything': ({decoder}) => (decoder.options['dropout'] = 1e300),
  'fine-tuned weights that are not there': (card) => (card.fineTuned = {from: 'blocks.1'}),
};

describe('A checkpoint whose card claims', function () {
  this.timeout(60_000);
  const good = join(root, 'good');

  before(async () => {
    const decoder = createDecoder('lstm', words.length + 4, 8, {units: 8, embedding: 8});
    await saveCheckpoint(good, {decoder, vocabulary: Vocabulary.from(words, {minimumCount: 1}), encoder});
    decoder.dispose();
  });

  for (const [what, lie] of Object.entries(lies))
    it(`${what} is refused before anything is allocated`, async () => {
      const folder = join(root, what.replaceAll(/\W/g, '-'));
      cpSync(good, folder, {recursive: true});
      const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
      const card = JSON.parse(read('checkpoint.json')) as Card;
      lie(card);
      const text = JSON.stringify(card);
      writeFileSync(join(folder, 'checkpoint.json'), text);
      // Whoever lies also fits the sums.
      const manifest = JSON.parse(read('manifest.json')) as {files: Record<string, object>};
      manifest.files['checkpoint.json'] = {size: Buffer.byteLength(text), sha256: sha256(text)};
      writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));

      const [tensors, memory] = [tf.memory().numTensors, process.memoryUsage().rss];
      const {message} = await refusal(loadCheckpoint(folder));
      expect(message).to.have.length.below(1000);
      expect(tf.memory().numTensors).to.equal(tensors);
      // A million words are 100 MB of JavaScript before they are counted.
      expect(process.memoryUsage().rss - memory).to.be.below(what.includes('million words') ? 400e6 : 100e6);
    });

  it('what its weights hold is loaded', async () => {
    const {decoder} = await loadCheckpoint(good);
    expect(decoder.options['units']).to.equal(8);
    decoder.dispose();
  });
});

describe('Options of absurd sizes', () => {
  it('are refused with those that would fit', () => {
    for (const [kind, options] of [
      ['lstm', {units: 65_536, layers: 100}],
      ['attention', {units: 65_536, attention: 65_536}],
      ['adaptive', {units: 65_536, embedding: 65_536}],
      ['transformer', {units: 65_536, heads: 8, feedForward: 65_536, layers: 100}],
    ] as const) {
      const tensors = tf.memory().numTensors;
      expect(() => createDecoder(kind, 10_000, 1280, options), kind).to.throw(
        new RegExp(`^${kind} decoder: expected to need at most the \\d+ GB .* got .*units=\\d+ would fit$`),
      );
      expect(tf.memory().numTensors).to.equal(tensors);
    }
    expect(() => createDecoder('lstm', 1e12, 1280)).to.throw(/of memory.*choose smaller sizes/);
  });

  it('of images are refused', async () => {
    for (const size of [5000, 20_000, 100_000, 1e9])
      expect((await refusal(loadEncoder('efficientnet-lite0', {preprocessing: {size}}))).message).to.include(
        'from 1 to 2048',
      );
  });

  it('are compared with the memory that there is', () => {
    const estimate = ({batch}: {batch: number}) => new Map([['rows', batch * 1e6]]);
    const fitting = Math.floor(memoryLimit() / 1e6);
    expect(() => checkMemory('work', {batch: fitting}, estimate, ['batch'])).to.not.throw();
    expect(() => checkMemory('work', {batch: fitting + 1}, estimate, ['batch'])).to.throw(
      `batch=${Math.floor((fitting + 1) / 2)} would fit`,
    );
  });
});
