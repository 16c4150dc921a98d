/**
 * Tensors of random numbers that depend on their seed alone. No generator keeps state, so a resumed run repeats exactly.
 */
import {mix} from '../random/random';
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {withGradient} from './with-gradient';

/** Two 32-bit integers; the second may be a tensor, so that a compiled function takes it as an input. */
export type Seed = readonly [number, number | tf.Scalar];

/** Key of the dropout masks of a step: the same key gives the same masks, in any process. */
export interface DropoutKey {
  readonly seed: number;
  /** Number of the training step, so that each step has its own masks; an int32 scalar in compiled functions. */
  readonly step: number | tf.Scalar;
}

const attributes = [type('dtype', 'float32'), type('T', 'int32'), type('Tseed', 'int32')];

/**
 * Draws uniform numbers in [0, 1), the same as Python's `tf.random.stateless_uniform(shape, seed)`.
 *
 * @returns float32 of `shape`. The caller disposes it.
 */
export function uniform(shape: readonly number[], seed: Seed): tf.Tensor {
  return draw('StatelessRandomUniform', shape, seed);
}

/**
 * Draws normal numbers with mean 0 and standard deviation 1, the same as Python's `tf.random.stateless_normal(shape, seed)`.
 *
 * @returns float32 of `shape`. The caller disposes it.
 */
export function normal(shape: readonly number[], seed: Seed): tf.Tensor {
  return draw('StatelessRandomNormal', shape, seed);
}

function draw(name: string, shape: readonly number[], seed: Seed): tf.Tensor {
  const size = tf.tensor1d([...shape], 'int32');
  const pair = pairOf(seed);
  const numbers = runOp(name, [size, pair], attributes);
  tf.dispose([size, pair]);
  return numbers;
}

function pairOf([first, second]: Seed): tf.Tensor {
  if (typeof second === 'number') return tf.tensor1d([first | 0, second | 0], 'int32');
  return tf.tidy(() => tf.stack([tf.scalar(first | 0, 'int32'), second]));
}

/**
 * Applies dropout: each element becomes 0 with probability `rate` and is divided by `1 - rate` otherwise.
 *
 * @param layer Number of the layer, so that each layer has its own mask in a step.
 * @returns A differentiable tensor of the shape of `x`; `x` itself if `rate` is 0.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, key: DropoutKey, layer: number): T {
  if (rate === 0) return x;
  return withGradient<T>([x], (save) => {
    const kept = uniform(x.shape, [mix(key.seed, layer), key.step]).greaterEqual(rate);
    const mask = tf.mul(tf.cast(kept, 'float32'), 1 / (1 - rate));
    save([mask]);
    return {
      value: tf.mul(x, mask),
      gradient: (dy, saved) => tf.mul(dy, saved[0]!),
    };
  });
}
