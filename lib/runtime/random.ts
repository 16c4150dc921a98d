/**
 * Random numbers that depend on nothing but what they are asked for: the same seed gives the same numbers in any
 * process, at any point of a run. Nothing here keeps a generator's state, so a resumed run repeats exactly.
 */
import {kernel, type} from './kernels';
import {tf} from './native';

/** Names one dropout mask: the same numbers give the same mask, in any process. */
export interface DropoutKey {
  readonly seed: number;
  /** The training step, so that every step has masks of its own. */
  readonly step: number;
}

/** Two 32-bit integers. */
export type Seed = readonly [number, number];

const attributes = [type('dtype', 'float32'), type('T', 'int32'), type('Tseed', 'int32')];

/**
 * Uniform numbers in [0, 1), those of Python's `tf.random.stateless_uniform(shape, seed)`.
 *
 * @returns float32 of `shape`. The caller disposes it.
 */
export function uniform(shape: readonly number[], seed: Seed): tf.Tensor {
  return draw('StatelessRandomUniform', shape, seed);
}

/**
 * Normal numbers of mean 0 and deviation 1, those of Python's `tf.random.stateless_normal(shape, seed)`.
 *
 * @returns float32 of `shape`. The caller disposes it.
 */
export function normal(shape: readonly number[], seed: Seed): tf.Tensor {
  return draw('StatelessRandomNormal', shape, seed);
}

function draw(name: string, shape: readonly number[], seed: Seed): tf.Tensor {
  const size = tf.tensor1d([...shape], 'int32');
  const pair = tf.tensor1d([seed[0] | 0, seed[1] | 0], 'int32');
  const numbers = kernel(name, [size, pair], attributes);
  tf.dispose([size, pair]);
  return numbers;
}

/**
 * Dropout: each element becomes 0 with probability `rate`, or else is divided by `1 - rate`.
 *
 * @param layer Tells the masks of one step apart.
 * @returns Of the shape of `x`, differentiable; `x` itself when the rate is 0.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, key: DropoutKey, layer: number): T {
  if (rate === 0) return x;
  const masked = tf.customGrad((input, save) => {
    const kept = uniform(x.shape, [mix(key.seed, layer), key.step]).greaterEqual(rate);
    const mask = tf.mul(tf.cast(kept, 'float32'), 1 / (1 - rate));
    (save as tf.GradSaveFunc)([mask]);
    return {
      value: tf.mul(input as T, mask),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0]!),
    };
  });
  return masked(x) as T;
}

/**
 * The order in which an epoch visits `size` things: the numbers 0 to `size - 1`, shuffled (Fisher and Yates).
 */
export function permutation(size: number, seed: number, epoch: number): Int32Array {
  const next = generator(mix(seed, epoch));
  const order = Int32Array.from({length: size}, (_, k) => k);
  for (let k = size - 1; k > 0; k--) {
    const other = Math.floor(next() * (k + 1));
    const held = order[k]!;
    order[k] = order[other]!;
    order[other] = held;
  }
  return order;
}

/** One 32-bit integer out of two, such that neighbours give unrelated ones (the finaliser of MurmurHash3). */
export function mix(a: number, b: number): number {
  let h = Math.imul(a | 0, 0x9e3779b1) ^ Math.imul((b | 0) + 0x7f4a7c15, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** One number in [0, 1) out of integers, such that neighbours give unrelated ones; of 24 random bits, as many as float32 holds. */
export function chance(...key: readonly number[]): number {
  return (key.reduce((before, part) => mix(before, part)) >>> 8) / 2 ** 24;
}

/** Numbers in [0, 1) from a 32-bit seed (the generator sfc32), with 53 random bits each. */
function generator(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, mix(seed, 1), mix(seed, 2), 1];
  const word = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let k = 0; k < 12; k++) word();
  return () => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000;
}
