/**
 * Building blocks of transformers (Vaswani et al. 2017, arXiv 1706.03762): multi-head attention, feed-forward layers and position
 * encodings. Layer normalization comes before each sublayer (pre-norm, Xiong et al. 2020, arXiv 2002.04745).
 */
import {layerNorm} from '../ops/layer-norm';
import {linear as layer} from '../ops/linear';
import {tf} from '../tensorflow/tensorflow';

/** Applies dropout; each call uses a new mask. */
export type Drop = <T extends tf.Tensor>(x: T) => T;

export type Weights = ReadonlyMap<string, tf.Variable>;

/** Keys and values to attend to, `[batch, heads, positions, units / heads]` each. */
export interface KeysValues {
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
}

/** Applies a linear layer with the weights `<name>.weight` and `<name>.bias`: `[rows, inputs]` to `[rows, outputs]`. */
export function linear(
  x: tf.Tensor2D,
  weights: Weights,
  name: string,
  activation: 'linear' | 'relu' = 'linear',
): tf.Tensor2D {
  const weight = weights.get(`${name}.weight`) as tf.Variable<tf.Rank.R2>;
  return layer(x, weight, weights.get(`${name}.bias`) as tf.Variable<tf.Rank.R1>, activation);
}

/** Applies layer normalization with the scale `<name>.weight` and the shift `<name>.bias`, `[rows, units]`. */
export function norm(x: tf.Tensor2D, weights: Weights, name: string): tf.Tensor2D {
  const [scale, shift] = ['weight', 'bias'].map(
    (part) => weights.get(`${name}.${part}`) as tf.Variable<tf.Rank.R1>,
  );
  return layerNorm(x, scale!, shift!);
}

/** Applies the position-wise feed-forward layer (equation 2): two linear layers with a ReLU in between. */
export function feedForward(x: tf.Tensor2D, weights: Weights, name: string): tf.Tensor2D {
  return linear(linear(x, weights, `${name}.1`, 'relu'), weights, `${name}.2`);
}

/** Splits units into heads: `[batch · positions, units]` to `[batch, heads, positions, units / heads]`. */
export function splitHeads(x: tf.Tensor2D, batch: number, heads: number): tf.Tensor4D {
  const [rows, units] = x.shape;
  const shaped = tf.reshape<tf.Rank.R4>(x, [batch, rows / batch, heads, units / heads]);
  return tf.transpose(shaped, [0, 2, 1, 3]);
}

/**
 * Computes softmax(queries · keysᵀ / √(units / heads)) · values for each head (equation 1).
 *
 * @param queries `[batch, heads, queries, units / heads]`
 * @param mask Added to the scores, `[queries, keys]` or `[batch, 1, 1, keys]`: a large negative number hides a key from a query.
 * @returns `context`: `[batch · queries, units]`, the concatenated heads; `attention`: `[batch, heads, queries, keys]`.
 */
export function scaledDotProductAttention(
  queries: tf.Tensor4D,
  {keys, values}: KeysValues,
  mask?: tf.Tensor,
): {context: tf.Tensor2D; attention: tf.Tensor4D} {
  const [batch, heads, count, size] = queries.shape;
  const scores = tf.matMul(tf.mul(queries, 1 / Math.sqrt(size)), keys, false, true);
  const attention = tf.softmax<tf.Tensor4D>((mask ? tf.add(scores, mask) : scores) as tf.Tensor4D);
  const context = tf.transpose(tf.matMul(attention, values), [0, 2, 1, 3]);
  return {context: tf.reshape(context, [batch * count, heads * size]), attention};
}

/** Returns a mask `[steps, steps]` that lets each position attend to itself and to earlier positions. */
export function causalMask(steps: number): tf.Tensor2D {
  const mask = new Float32Array(steps * steps);
  for (let row = 0; row < steps; row++) mask.fill(-1e9, row * steps + row + 1, (row + 1) * steps);
  return tf.tensor2d(mask, [steps, steps]);
}

/** Where a decoding step finds the words so far, and where it puts its own. */
export interface WordCache {
  /** Encoding of the word's position, `[1 or batch, units]`. */
  readonly encoding: tf.Tensor2D;
  /** Hides positions that have no word yet, `[batch, 1, 1, length]`; absent if there are none. */
  readonly mask?: tf.Tensor;
  /** Puts the word's own keys or values, `[batch, heads, 1, size]`, after those of the words so far. */
  readonly after: (past: tf.Tensor4D, own: tf.Tensor4D) => tf.Tensor4D;
  /** The position of the next word, as part of the state; none if the caches grow. */
  readonly positions: readonly tf.Tensor[];
}

/**
 * @param state Caches `[batch, heads, length, size]`, and after `tensors` of them the position of the word, `[batch, 1]`, if they have a
 *   fixed length.
 */
export function wordCache(state: readonly tf.Tensor[], tensors: number, units: number): WordCache {
  const length = state[0]!.shape[2]!;
  const position = state[tensors];
  if (position === undefined)
    return {
      encoding: wordPositions(length, 1, units),
      after: (past, own) => (length === 0 ? own : tf.concat([past, own], 2)),
      positions: [],
    };
  // Floats throughout: a GPU computes integers on the host.
  const all = tf.tensor2d(
    Float32Array.from({length}, (_, at) => at),
    [1, length],
  );
  const here = tf.cast(tf.equal(all, position), 'float32'); // [batch, length]
  const [batch] = here.shape as [number];
  const chosen = tf.reshape(here, [batch, 1, length, 1]);
  const hidden = tf.cast(tf.greater(all, position), 'float32');
  return {
    encoding: tf.matMul(here, wordPositions(0, length, units)),
    mask: tf.reshape(tf.mul(hidden, -1e9), [batch, 1, 1, length]),
    // The place of the word is still 0.
    after: (past, own) => tf.add(past, tf.mul(own, chosen)),
    positions: [tf.add(position, 1)],
  };
}

/** Sinusoidal encoding of a position (section 3.5), wavelengths from 2π to 20000π: the sines, then the cosines. */
function sinusoids(position: number, units: number): number[] {
  const half = units / 2;
  const angles = Array.from({length: half}, (_, k) => position / 10_000 ** (k / half));
  return [...angles.map(Math.sin), ...angles.map(Math.cos)];
}

/** Returns the encodings of `count` positions in the sentence from `first` on, `[count, units]`. */
export function wordPositions(first: number, count: number, units: number): tf.Tensor2D {
  return tf.tensor2d(
    Array.from({length: count}, (_, at) => sinusoids(first + at, units)),
    [count, units],
  );
}

/**
 * Returns the encodings of the cells' positions, `[cells, units]`: half of the units encode the row, half the column. In a grid that is
 * not square they encode the cell's index.
 */
export function cellPositions(cells: number, units: number): tf.Tensor2D {
  const side = Math.sqrt(cells);
  if (!Number.isInteger(side)) return wordPositions(0, cells, units);
  const rows = Array.from({length: cells}, (_, cell) => [
    ...sinusoids(Math.floor(cell / side), units / 2),
    ...sinusoids(cell % side, units / 2),
  ]);
  return tf.tensor2d(rows, [cells, units]);
}
