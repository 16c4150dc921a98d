/** Sums of gradients in JavaScript, and the values of pixels and words that they become. */
import {tf} from '../tensorflow/tensorflow';
import {wordInfluence, wordMaps, type Attribution} from './method';
import type {PixelGradients} from './pass';

/** Values that a method computes from gradients, for each word. */
export interface WordGradients {
  /** `[size, size, 3]` for each word. */
  readonly pixels: Float32Array[];
  /** `[steps, embedding]` for each word. */
  readonly embeddings: Float32Array[];
}

/** The properties of a model on which the values' shapes depend. */
interface Shapes {
  readonly size: number;
  readonly positions: readonly number[];
  readonly caption: readonly number[];
}

/** Reads gradients and frees their tensors. Those of several images are summed. */
export function readGradients({pixels, embeddings}: PixelGradients): {
  pixels: Float32Array;
  embeddings: Float32Array;
} {
  const summed = tf.tidy(() => [pixels, embeddings].map((one) => tf.sum(one as tf.Tensor, 0)));
  const [ofPixels, ofEmbeddings] = summed.map((one) => one.dataSync<'float32'>().slice() as Float32Array);
  tf.dispose([pixels, embeddings, ...summed]);
  return {pixels: ofPixels!, embeddings: ofEmbeddings!};
}

/** Adds to a sum, which starts when there is none. */
export function addTo(sums: Float32Array[], word: number, term: Float32Array): void {
  const sum = sums[word];
  if (sum === undefined) sums[word] = term;
  else for (let at = 0; at < sum.length; at++) sum[at]! += term[at]!;
}

/** Multiplies element by element, in place. */
export function multiply(values: Float32Array, factors: ArrayLike<number>): Float32Array {
  for (let at = 0; at < values.length; at++) values[at]! *= factors[at]!;
  return values;
}

/** Sums each group of `size` numbers. */
export function sumGroups(values: Float32Array, size: number): Float32Array {
  const sums = new Float32Array(values.length / size);
  for (let at = 0; at < values.length; at++) sums[Math.floor(at / size)]! += values[at]!;
  return sums;
}

/** Sums over the colours of each pixel and the numbers of each embedding. */
export function toAttribution({pixels, embeddings}: WordGradients, shapes: Shapes): Attribution {
  const maps = pixels.map((one) => sumGroups(one, 3));
  const rows = embeddings.map((one) => sumGroups(one, one.length / shapes.caption.length));
  return {
    image: wordMaps(maps, shapes.size, shapes.size),
    previousWords: wordInfluence(rows, shapes.positions),
  };
}

/** Sum of all values of each word, those of words included. */
export function totals({image, previousWords}: Attribution): Float64Array {
  const [words] = image.shape;
  const all = new Float64Array(words);
  for (const values of [image.values, previousWords?.values ?? new Float32Array()])
    for (let at = 0; at < values.length; at++) all[Math.floor(at / (values.length / words))]! += values[at]!;
  return all;
}
