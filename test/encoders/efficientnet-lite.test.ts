import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import type {Encoder} from 'captioner/dist/encoders/encoder';
import {loadEncoder} from 'captioner/dist/encoders/registry';
import {formatSafetensors, parseSafetensors} from 'captioner/dist/files/safetensors';
import {writeFileAtomic} from 'captioner/dist/files/atomic';
import {encoderFolder} from 'captioner/dist/places';
import {tf} from 'captioner/dist/runtime/native';
import {projectRoot, temporaryFolder} from '../support';

interface Fixture {
  readonly pooled: number[][];
  readonly cells: number[];
  /** Every fourth feature of those cells. */
  readonly grid: number[][][];
  readonly top5: number[][];
  readonly logits: number[][];
}

const fixture = JSON.parse(
  readFileSync(join(projectRoot, 'test', 'fixtures', 'encoders', 'efficientnet-lite2.json'), 'utf8'),
) as Fixture;
const weights = join(encoderFolder(), 'efficientnet-lite2.safetensors');
const size = 224;

/** The same formulas in whole numbers as in the script that made the fixture. */
const formulas = [
  (x: number, y: number, c: number) => (x * 7919 + y * 104729 + c * 1299709 + x * y * (c + 3)) % 256,
  (x: number, y: number, c: number) =>
    (Math.floor(x / 16) + Math.floor(y / (8 * (c + 1)))) % 2 === 0 ? 230 : 25,
  (x: number, y: number, c: number) => Math.floor(((x + 2 * y + 64 * c) % 448) / 2),
  (x: number, y: number, c: number) => ((x - 112) ** 2 + (y - 90) ** 2 < 3600 ? 250 - 60 * c : 40 + 70 * c),
];

function pictures(): tf.Tensor4D {
  const pixels = new Int32Array(formulas.length * size * size * 3);
  let at = 0;
  for (const formula of formulas)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) for (let c = 0; c < 3; c++) pixels[at++] = formula(x, y, c);
  return tf.tensor4d(pixels, [formulas.length, size, size, 3], 'int32');
}

/** Largest difference, as a share of the largest value. */
function difference(ours: number[], theirs: number[]): number {
  const largest = Math.max(...theirs.map(Math.abs));
  return Math.max(...ours.map((value, at) => Math.abs(value - theirs[at]!))) / Math.max(largest, 1e-6);
}

describe('EfficientNet-Lite2', () => {
  let encoder: Encoder;
  let pixels: tf.Tensor4D;
  before(async () => {
    encoder = await loadEncoder('efficientnet-lite2');
    pixels = pictures();
  });
  after(() => {
    pixels.dispose();
    encoder.dispose();
  });

  it('has the shapes that it says', () => {
    const {grid, pooled} = encoder.encode(pixels);
    expect(grid.shape).to.deep.equal([4, encoder.cells, encoder.depth]);
    expect(pooled.shape).to.deep.equal([4, 1280]);
    expect(encoder.cells).to.equal(49);
    tf.dispose([grid, pooled]);
  });

  it('sees what the PyTorch implementation sees, within 1e-3', () => {
    const {grid, pooled} = encoder.encode(pixels);
    const all = grid.arraySync();
    for (const [at, theirs] of fixture.pooled.entries()) {
      expect(difference(pooled.arraySync()[at]!, theirs)).to.be.below(1e-3);
      for (const [k, cell] of fixture.cells.entries()) {
        const ours = all[at]![cell]!.filter((_, feature) => feature % 4 === 0);
        expect(difference(ours, fixture.grid[at]![k]!)).to.be.below(1e-3);
      }
    }
    tf.dispose([grid, pooled]);
  });

  it('names the same five classes in the same order', () => {
    const best = tf.tidy(() => {
      const {values, indices} = tf.topk(encoder.classify(pixels), 5);
      return {values: values.arraySync(), indices: indices.arraySync()};
    });
    expect(best.indices).to.deep.equal(fixture.top5);
    for (const [at, logits] of fixture.logits.entries())
      expect(difference(best.values[at]!, logits)).to.be.below(1e-3);
  });

  it('has 6,063,024 weights, as many as the published network once batch norm is folded away', () => {
    const {tensors} = parseSafetensors(readFileSync(weights), weights);
    const count = [...tensors.values()].reduce((sum, {shape}) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count).to.equal(6_063_024);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    for (let k = 0; k < 3; k++) {
      const {grid, pooled} = encoder.encode(pixels);
      tf.dispose([grid, pooled, encoder.classify(pixels)]);
    }
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('gives its memory back', async () => {
    const before = tf.memory().numTensors;
    (await loadEncoder('efficientnet-lite2')).dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('refuses pixels of another size', () => {
    const small = tf.zeros<tf.Rank.R4>([1, 100, 100, 3], 'int32');
    expect(() => encoder.encode(small)).to.throw(
      'expected pixels [batch, 224, 224, 3], got [1, 100, 100, 3]',
    );
    small.dispose();
  });
});

describe('loadEncoder', () => {
  const fails = async (action: Promise<unknown>, code: string, message: string): Promise<void> => {
    const error = await action.then(
      () => undefined,
      (reason: unknown) => reason as Error & {code?: string},
    );
    expect(error?.code).to.equal(code);
    expect(error?.message).to.include(message);
  };

  it('names the encoders that it knows when asked for another', () =>
    fails(loadEncoder('vgg'), 'options', 'Unknown encoder "vgg"; known: efficientnet-lite2'));

  it('says what to do when the weights are missing', () =>
    fails(
      loadEncoder('efficientnet-lite2', {weights: '/nowhere.safetensors'}),
      'weights',
      'tools/setup.mjs',
    ));

  it('refuses weights that do not fit', async () => {
    const file = join(temporaryFolder(), 'weights.safetensors');
    const {tensors} = parseSafetensors(readFileSync(weights), weights);
    await writeFileAtomic(file, formatSafetensors([...tensors].slice(1)));
    const before = tf.memory().numTensors;
    await fails(
      loadEncoder('efficientnet-lite2', {weights: file}),
      'weights',
      'expected a tensor "stem.weight"',
    );
    expect(tf.memory().numTensors).to.equal(before);
    await writeFileAtomic(file, readFileSync(weights).subarray(0, 100_000));
    await fails(loadEncoder('efficientnet-lite2', {weights: file}), 'truncated', file);
  });
});
