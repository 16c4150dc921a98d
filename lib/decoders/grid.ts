/** The grid of image features as attending decoders use it: standardised, projected, and with keys for attention. */
import {tf} from '../tensorflow/tensorflow';
import {gatherImages, standardize} from './weight-init';

export interface Grid {
  /** Values, `[batch, cells, units]`, non-negative (ReLU). */
  readonly cells: tf.Tensor3D;
  /** Keys, `[batch, cells, attention]`. */
  readonly keys: tf.Tensor3D;
}

export interface GridWeights {
  readonly featureNormalization: ReadonlyMap<string, tf.Variable>;
  /** `image.weight`, `image.bias`, `attention.image`, `attention.bias` */
  readonly weights: ReadonlyMap<string, tf.Variable>;
}

/**
 * Standardises and projects image features.
 *
 * @param features `[images, cells, depth]`, or `[images, views, cells, depth]`, which joins the cells of all views in one grid.
 * @param drop Dropout to apply to the projected cells.
 * @param images Row of each caption's image, see `Decoder.states`.
 */
export function readGrid(
  features: tf.Tensor,
  {featureNormalization, weights}: GridWeights,
  drop: (cells: tf.Tensor3D) => tf.Tensor3D = (cells) => cells,
  images?: tf.Tensor1D,
): Grid {
  const [batch] = features.shape as [number];
  const grid = tf.reshape<tf.Rank.R3>(features, [batch, -1, features.shape.at(-1)!]);
  const weight = (name: string) => weights.get(name) as tf.Variable<tf.Rank.R2>;
  const projected = tf.relu(
    project(standardize(grid, featureNormalization), weight('image.weight')).add(weight('image.bias')),
  );
  const cells = drop(projected as tf.Tensor3D);
  const keys = project(cells, weight('attention.image')).add(weight('attention.bias'));
  return {cells: gatherImages(cells, images), keys: gatherImages(keys as tf.Tensor3D, images)};
}

/** Averages the cells, `[batch, units]`. A matrix product, because the gradient of `tf.mean` allocates a tensor as large as the grid. */
export function meanOf({cells}: Grid): tf.Tensor2D {
  const [batch, count, units] = cells.shape;
  const weights = tf.fill<tf.Rank.R3>([batch, 1, count], 1 / count);
  return tf.reshape(tf.matMul(weights, cells), [batch, units]);
}

/** Multiplies `[a, b, inputs]` by `[inputs, outputs]` in a single matrix product. */
export function project(x: tf.Tensor3D, weight: tf.Tensor2D): tf.Tensor3D {
  const [a, b, inputs] = x.shape;
  const product = tf.matMul(tf.reshape<tf.Rank.R2>(x, [a * b, inputs]), weight);
  return tf.reshape(product, [a, b, weight.shape[1]]);
}
