/** Rows that are 1 at one place and 0 elsewhere. */
import {tf} from '../tensorflow/tensorflow';

/**
 * Returns a row for each index, also where rows have one place, which TensorFlow.js refuses.
 *
 * @param indices int32 `[rows]`
 * @returns float32 `[rows, depth]`. The caller disposes it.
 */
export function oneHotRows(indices: tf.Tensor1D, depth: number): tf.Tensor2D {
  if (depth === 1) return tf.ones([indices.size, 1]);
  return tf.oneHot(indices, depth, 1, 0, 'float32') as tf.Tensor2D;
}
