/**
 * What transformers are built of (Vaswani et al. 2017, arXiv 1706.03762): attention with several heads, and layers that normalise
 * first and add what they find to what they were given (Xiong et al. 2020, arXiv 2002.04745).
 */
import {layerNorm} from '../ops/layer-norm';
import {linear as layer} from '../ops/linear';
import {tf} from '../tensorflow/tensorflow';

/** Dropout of what a layer adds; each call is another place. */
export type Drop = <T extends tf.Tensor>(x: T) => T;

export type Weights = ReadonlyMap<string, tf.Variable>;

/** Keys and values, `[batch, heads, places, units / heads]`. */
export interface Memory {
  readonly keys: tf.Tensor4D;
  readonly values: tf.Tensor4D;
}

/** `[rows, inputs]` to `[rows, outputs]` */
export function linear(
  x: tf.Tensor2D,
  weights: Weights,
  name: string,
  activation: 'linear' | 'relu' = 'linear',
): tf.Tensor2D {
  const weight = weights.get(`${name}.weight`) as tf.Variable<tf.Rank.R2>;
  return layer(x, weight, weights.get(`${name}.bias`) as tf.Variable<tf.Rank.R1>, activation);
}

export function norm(x: tf.Tensor2D, weights: Weights, name: string): tf.Tensor2D {
  const [scale, shift] = ['weight', 'bias'].map(
    (part) => weights.get(`${name}.${part}`) as tf.Variable<tf.Rank.R1>,
  );
  return layerNorm(x, scale!, shift!);
}

/** Two products with a ReLU between them, of each row alone. */
export function feedForward(x: tf.Tensor2D, weights: Weights, name: string): tf.Tensor2D {
  return linear(linear(x, weights, `${name}.1`, 'relu'), weights, `${name}.2`);
}

/** `[batch · places, units]` to `[batch, heads, places, units / heads]` */
export function splitHeads(x: tf.Tensor2D, batch: number, heads: number): tf.Tensor4D {
  const [rows, units] = x.shape;
  const shaped = tf.reshape<tf.Rank.R4>(x, [batch, rows / batch, heads, units / heads]);
  return tf.transpose(shaped, [0, 2, 1, 3]);
}

/**
 * What the queries find in a memory: softmax(queries · keysᵀ / √(units / heads)) · values, with each head for itself (equation 1).
 *
 * @param queries `[batch, heads, places, units / heads]`
 * @param mask Added to what is compared, `[places, places of the memory]`: -Infinity, as a large number, where nobody may look.
 * @returns `found`: `[batch · places, units]`, the heads side by side; `attention`: `[batch, heads, places, places of the memory]`.
 */
export function lookUp(
  queries: tf.Tensor4D,
  {keys, values}: Memory,
  mask?: tf.Tensor2D,
): {found: tf.Tensor2D; attention: tf.Tensor4D} {
  const [batch, heads, places, size] = queries.shape;
  const compared = tf.matMul(tf.mul(queries, 1 / Math.sqrt(size)), keys, false, true);
  const attention = tf.softmax<tf.Tensor4D>((mask ? tf.add(compared, mask) : compared) as tf.Tensor4D);
  const found = tf.transpose(tf.matMul(attention, values), [0, 2, 1, 3]);
  return {found: tf.reshape(found, [batch * places, heads * size]), attention};
}

/** A place looks at itself and at those before it. */
export function causalMask(places: number): tf.Tensor2D {
  const mask = new Float32Array(places * places);
  for (let row = 0; row < places; row++) mask.fill(-1e9, row * places + row + 1, (row + 1) * places);
  return tf.tensor2d(mask, [places, places]);
}

/** Sines and cosines of a place, at wavelengths from 2π to 20000π (section 3.5): the sines, then the cosines. */
function waves(place: number, units: number): number[] {
  const half = units / 2;
  const angles = Array.from({length: half}, (_, k) => place / 10_000 ** (k / half));
  return [...angles.map(Math.sin), ...angles.map(Math.cos)];
}

/** Where in the sentence a word stands: `[count, units]`, from the place `first` on. */
export function wordPositions(first: number, count: number, units: number): tf.Tensor2D {
  return tf.tensor2d(
    Array.from({length: count}, (_, at) => waves(first + at, units)),
    [count, units],
  );
}

/** Where in the image a cell lies: half of the numbers say its row, half its column. Of a grid that is no square, only its number. */
export function cellPositions(cells: number, units: number): tf.Tensor2D {
  const side = Math.sqrt(cells);
  if (!Number.isInteger(side)) return wordPositions(0, cells, units);
  const rows = Array.from({length: cells}, (_, cell) => [
    ...waves(Math.floor(cell / side), units / 2),
    ...waves(cell % side, units / 2),
  ]);
  return tf.tensor2d(rows, [cells, units]);
}
