import {expect} from 'chai';
import {tf} from 'captioner';
import {dropout, normal, uniform, type Seed} from 'captioner/dist/ops/random';
import {uniformFromKey, mix, permutation} from 'captioner/dist/random/random';
import {leaked, readFixture} from '../tensors';

const cases = readFixture<{shape: number[]; seed: Seed; uniform: number[]; normal: number[]}[]>(
  'runtime',
  'random.json',
);

describe('uniform and normal', () => {
  it("match Python's TensorFlow for the same seed", () => {
    for (const {shape, seed, ...expected} of cases) {
      const numbers = uniform(shape, seed);
      expect(numbers.shape).to.deep.equal(shape);
      expect(Array.from(numbers.dataSync())).to.deep.equal(expected.uniform);
      // The logarithm in it differs in the last bit between CPUs.
      const normals = normal(shape, seed).dataSync();
      for (const [k, value] of expected.normal.entries()) expect(normals[k]).to.be.closeTo(value, 1e-5);
    }
  });

  it('have the expected mean and variance', () => {
    const {mean, variance} = tf.moments(uniform([100_000], [1, 2]));
    expect(mean.dataSync()[0]).to.be.closeTo(0.5, 0.005);
    expect(variance.dataSync()[0]).to.be.closeTo(1 / 12, 0.002);
    const moments = tf.moments(normal([100_000], [1, 2]));
    expect(moments.mean.dataSync()[0]).to.be.closeTo(0, 0.02);
    expect(moments.variance.dataSync()[0]).to.be.closeTo(1, 0.03);
  });
});

describe('dropout', () => {
  const ones = tf.ones<tf.Rank.R2>([100, 200]);
  const mask = (seed: number, step: number, layer: number, rate = 0.3) =>
    Array.from(dropout(ones, rate, {seed, step}, layer).dataSync());

  it('drops elements at the given rate and keeps the mean', () => {
    const values = mask(1, 1, 0);
    const kept = values.filter((value) => value !== 0);
    expect(kept.length / values.length).to.be.closeTo(0.7, 0.01);
    expect(new Set(kept)).to.deep.equal(new Set([Math.fround(1 / 0.7)]));
  });

  it('has one mask for each seed, step and layer', () => {
    const values = mask(1, 1, 0);
    expect(mask(1, 1, 0)).to.deep.equal(values);
    for (const other of [mask(2, 1, 0), mask(1, 2, 0), mask(1, 1, 1)]) {
      // Independent masks agree in 0.7² + 0.3² of all elements.
      const same = other.filter((value, k) => value === values[k]).length / values.length;
      expect(same).to.be.closeTo(0.58, 0.02);
    }
  });

  it('applies the same mask to the gradient', () => {
    const gradient = tf.grad((x) => dropout(x, 0.3, {seed: 1, step: 1}, 0))(ones);
    expect(Array.from(gradient.dataSync())).to.deep.equal(mask(1, 1, 0));
  });

  it('returns its input at rate 0', () => {
    expect(dropout(ones, 0, {seed: 1, step: 1}, 0)).to.equal(ones);
  });

  it('leaks no tensors', () => {
    const work = () => dropout(ones, 0.5, {seed: 1, step: 1}, 0).dispose();
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
  });
});

describe('permutation', () => {
  it('contains every number once', () => {
    for (const size of [0, 1, 2, 1000]) {
      const sorted = permutation(size, 1, 1).sort();
      expect(Array.from(sorted)).to.deep.equal(Array.from({length: size}, (_, k) => k));
    }
  });

  it('depends on the seed and the epoch alone', () => {
    const order = permutation(500, 3, 7);
    expect(permutation(500, 3, 7)).to.deep.equal(order);
    for (const other of [permutation(500, 4, 7), permutation(500, 3, 8)]) {
      const same = other.filter((value, k) => value === order[k]).length;
      expect(same).to.be.below(10);
    }
  });

  it('puts every number at every position equally often', () => {
    const counts = new Float64Array(36);
    const epochs = 6000;
    for (let epoch = 0; epoch < epochs; epoch++)
      permutation(6, 1, epoch).forEach((value, position) => counts[6 * position + value]!++);
    // Chi square with 25 degrees of freedom is above 52.6 once in a thousand times.
    const expected = epochs / 6;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).to.be.below(52.6);
  });
});

describe('uniformFromKey', () => {
  /** Chi square of pairs of numbers with neighbouring keys, each number counted by sixteenths of [0, 1). */
  function chiSquare(first: (at: number) => number, second: (at: number) => number): number {
    const counts = new Float64Array(256);
    const draws = 51_200;
    for (let at = 0; at < draws; at++)
      counts[16 * Math.floor(16 * first(at)) + Math.floor(16 * second(at))]!++;
    const expected = draws / 256;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  }

  it('gives uniform numbers in [0, 1), unrelated for neighbouring keys', () => {
    for (const [first, second] of [
      [(at: number) => uniformFromKey(1, at, 0, 0), (at: number) => uniformFromKey(1, at, 0, 1)],
      [(at: number) => uniformFromKey(1, 0, 0, at), (at: number) => uniformFromKey(1, 0, 0, at + 1)],
      [(at: number) => uniformFromKey(1, at, 3, 5), (at: number) => uniformFromKey(1, at, 4, 5)],
      [(at: number) => uniformFromKey(at, 0, 0), (at: number) => uniformFromKey(at + 1, 0, 0)],
      [
        (at: number) => uniformFromKey(7, at % 50, Math.floor(at / 50)),
        (at: number) => uniformFromKey(7, at),
      ],
    ] as const)
      // Chi square with 255 degrees of freedom is above 330.5 once in a thousand times.
      expect(chiSquare(first, second)).to.be.below(330.5);
    const numbers = Array.from({length: 10_000}, (_, at) => uniformFromKey(at));
    expect(numbers.every((number) => number >= 0 && number < 1 && Math.fround(number) === number)).to.equal(
      true,
    );
    expect(uniformFromKey(1, 2)).to.equal(uniformFromKey(1, 2)).and.not.equal(uniformFromKey(2, 1));
  });
});

describe('mix', () => {
  it('maps neighbouring inputs to different numbers', () => {
    const seen = new Set<number>();
    for (let a = 0; a < 100; a++) for (let b = 0; b < 100; b++) seen.add(mix(a, b));
    expect(seen.size).to.equal(10_000);
  });
});
