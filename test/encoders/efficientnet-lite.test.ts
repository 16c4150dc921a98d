import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {type Encoder, loadEncoder, readPixels, tf} from 'captioner';
import {formatSafetensors, parseSafetensors} from 'captioner/dist/files/safetensors';
import {writeFileAtomic} from 'captioner/dist/files/atomic';
import {encoderFolder} from 'captioner/dist/paths';
import {flickr8k, refusal, temporaryFolder} from '../support';
import {readFixture, relativeError} from '../tensors';

interface Fixture {
  /** Every fourth feature. */
  readonly pooled: number[][];
  readonly cells: number[];
  /** Every eighth feature of those cells. */
  readonly grid: number[][][];
  readonly top5: number[][];
  readonly logits: number[][];
  /** The predicted class of each photograph. */
  readonly labels: Readonly<Record<string, number>>;
}

/** Input size, and number of weights with batch norm folded. */
const networks = [
  ['efficientnet-lite0', 224, 4_631_000],
  ['efficientnet-lite1', 240, 5_389_848],
  ['efficientnet-lite2', 224, 6_063_024],
] as const;
const weights = join(encoderFolder(), 'efficientnet-lite2.safetensors');

/** Integer formulas, the same as in the script that made the fixture. */
const formulas = [
  (x: number, y: number, c: number) => (x * 7919 + y * 104729 + c * 1299709 + x * y * (c + 3)) % 256,
  (x: number, y: number, c: number) =>
    (Math.floor(x / 16) + Math.floor(y / (8 * (c + 1)))) % 2 === 0 ? 230 : 25,
  (x: number, y: number, c: number) => Math.floor(((x + 2 * y + 64 * c) % 448) / 2),
  (x: number, y: number, c: number) => ((x - 112) ** 2 + (y - 90) ** 2 < 3600 ? 250 - 60 * c : 40 + 70 * c),
];

function images(size: number): tf.Tensor4D {
  const pixels = new Int32Array(formulas.length * size * size * 3);
  let at = 0;
  for (const formula of formulas)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) for (let c = 0; c < 3; c++) pixels[at++] = formula(x, y, c);
  return tf.tensor4d(pixels, [formulas.length, size, size, 3], 'int32');
}

for (const [name, size, count] of networks)
  describe(name, () => {
    const fixture = readFixture<Fixture>('encoders', `${name}.json`);
    let encoder: Encoder;
    let pixels: tf.Tensor4D;
    before(async () => {
      encoder = await loadEncoder(name);
      pixels = images(size);
    });
    after(() => {
      pixels.dispose();
      encoder.dispose();
    });

    it('returns features of the documented shapes', () => {
      const {grid, pooled} = encoder.encode(pixels);
      expect(grid.shape).to.deep.equal([4, encoder.cells, encoder.depth]);
      expect(pooled.shape).to.deep.equal([4, 1280]);
      expect(encoder.cells).to.equal(Math.ceil(size / 32) ** 2);
      tf.dispose([grid, pooled]);
    });

    it('matches the PyTorch implementation within 1e-4', () => {
      const {grid, pooled} = encoder.encode(pixels);
      const all = grid.arraySync();
      const means = pooled.arraySync();
      const every = (features: number[], step: number): number[] => features.filter((_, k) => k % step === 0);
      for (const [at, theirs] of fixture.pooled.entries()) {
        expect(relativeError(every(means[at]!, 4), theirs)).to.be.below(1e-4);
        const cells = fixture.cells.map((cell) => every(all[at]![cell]!, 8));
        expect(relativeError(cells.flat(), fixture.grid[at]!.flat())).to.be.below(1e-4);
      }
      tf.dispose([grid, pooled]);
    });

    it('predicts the same top five classes in the same order', () => {
      const best = tf.tidy(() => {
        const {values, indices} = tf.topk(encoder.classify(pixels), 5);
        return {values: values.arraySync(), indices: indices.arraySync()};
      });
      expect(best.indices).to.deep.equal(fixture.top5);
      for (const [at, logits] of fixture.logits.entries())
        expect(relativeError(best.values[at]!, logits)).to.be.below(1e-4);
    });

    it('classifies photographs like PyTorch with images resized by Pillow', async function () {
      const folder = flickr8k();
      if (folder === undefined) return this.skip();
      let same = 0;
      for (const [file, label] of Object.entries(fixture.labels)) {
        const small = await readPixels(join(folder, 'originals', file), encoder.preprocessing);
        const found = tf.tidy(() =>
          tf
            .argMax(encoder.classify(tf.tensor4d(Int32Array.from(small), [1, size, size, 3], 'int32')), 1)
            .dataSync(),
        );
        if (found[0] === label) same++;
      }
      expect(Object.keys(fixture.labels)).to.have.length(24);
      expect(same).to.be.at.least(23);
    });

    it('has as many weights as the published network with batch norm folded', () => {
      const file = join(encoderFolder(), `${name}.safetensors`);
      const {tensors} = parseSafetensors(readFileSync(file), file);
      const all = [...tensors.values()].reduce((sum, {shape}) => sum + shape.reduce((a, b) => a * b, 1), 0);
      expect(all).to.equal(count);
    });

    it('leaks no tensors', () => {
      const before = tf.memory().numTensors;
      for (let k = 0; k < 3; k++) {
        const {grid, pooled} = encoder.encode(pixels);
        tf.dispose([grid, pooled, encoder.classify(pixels)]);
      }
      expect(tf.memory().numTensors).to.equal(before);
    });

    it('rejects pixels of another size', () => {
      const small = tf.zeros<tf.Rank.R4>([1, 100, 100, 3], 'int32');
      expect(() => encoder.encode(small)).to.throw(
        `expected pixels [batch, ${size}, ${size}, 3], got [1, 100, 100, 3]`,
      );
      small.dispose();
    });
  });

describe('loadEncoder', () => {
  it('lists the known encoders when the name is unknown', async () => {
    const error = await refusal(loadEncoder('vgg' as string));
    expect(error.code).to.equal('options');
    expect(error.message).to.equal(
      'Unknown encoder "vgg"; known: efficientnet-lite0, efficientnet-lite1, efficientnet-lite2, mobilenet-v2, inception-v3',
    );
  });

  it('explains how to get missing weights', async () => {
    process.env['CAPTIONER_HOME'] = temporaryFolder();
    const error = await refusal(loadEncoder('inception-v3')).finally(
      () => delete process.env['CAPTIONER_HOME'],
    );
    expect(error.code).to.equal('weights');
    expect(error.message).to.include('npx captioner download inception-v3');
    const named = await refusal(loadEncoder('efficientnet-lite2', {weights: '/nowhere.safetensors'}));
    expect(named.code).to.equal('not-found');
  });

  it('frees its memory', async () => {
    const before = tf.memory().numTensors;
    (await loadEncoder('efficientnet-lite2')).dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('accepts a larger input size', async () => {
    const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 288, fit: 'crop'}});
    expect(encoder.cells).to.equal(81);
    expect(encoder.preprocessing).to.include({size: 288, fit: 'crop', interpolation: 'cubic'});
    const pixels = images(288);
    const {grid, pooled} = encoder.encode(pixels);
    expect(grid.shape).to.deep.equal([4, 81, 1280]);
    tf.dispose([pixels, grid, pooled]);
    encoder.dispose();
    const error = await refusal(loadEncoder('efficientnet-lite0', {preprocessing: {size: 0}}));
    expect(error.code).to.equal('options');
  });

  it('rejects weights that do not fit', async () => {
    const file = join(temporaryFolder(), 'weights.safetensors');
    const {tensors} = parseSafetensors(readFileSync(weights), weights);
    await writeFileAtomic(file, formatSafetensors([...tensors].slice(1)));
    const before = tf.memory().numTensors;
    const missing = await refusal(loadEncoder('efficientnet-lite2', {weights: file}));
    expect(missing.code).to.equal('weights');
    expect(missing.message).to.include('expected a tensor "stem.weight"');
    expect(tf.memory().numTensors).to.equal(before);
    await writeFileAtomic(file, readFileSync(weights).subarray(0, 100_000));
    expect((await refusal(loadEncoder('efficientnet-lite2', {weights: file}))).code).to.equal('truncated');
    expect((await refusal(loadEncoder('efficientnet-lite0', {weights}))).code).to.equal('shape');
  });
});
