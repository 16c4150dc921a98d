/** A grid of image features as attending decoders read it: standardised and projected, with the keys that queries are held against. */
import {tf} from '../tensorflow/tensorflow';
import {forCaptions, standardize} from './weight-init';

export interface Grid {
  /** `[batch, cells, units]`, 0 or more. */
  readonly cells: tf.Tensor3D;
  /** `[batch, cells, attention]` */
  readonly keys: tf.Tensor3D;
}

export interface GridWeights {
  readonly featureNormalization: ReadonlyMap<string, tf.Variable>;
  /** `image.weight`, `image.bias`, `attention.image`, `attention.bias` */
  readonly weights: ReadonlyMap<string, tf.Variable>;
}

/**
 * @param features `[batch, cells, depth]`, or `[batch, views, cells, depth]`: then the cells of all views are one grid.
 * @param drop Dropout of the projected cells.
 * @param images The row of each caption's image; absent: each has its own.
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
  return {cells: forCaptions(cells, images), keys: forCaptions(keys as tf.Tensor3D, images)};
}

/** The mean of the cells, `[batch, units]`. A product, because the gradient of `tf.mean` makes as many ones as there are numbers. */
export function meanOf({cells}: Grid): tf.Tensor2D {
  const [batch, count, units] = cells.shape;
  const shares = tf.fill<tf.Rank.R3>([batch, 1, count], 1 / count);
  return tf.reshape(tf.matMul(shares, cells), [batch, units]);
}

/** `[a, b, inputs]` times `[inputs, outputs]`, as one product. */
export function project(x: tf.Tensor3D, weight: tf.Tensor2D): tf.Tensor3D {
  const [a, b, inputs] = x.shape;
  const product = tf.matMul(tf.reshape<tf.Rank.R2>(x, [a * b, inputs]), weight);
  return tf.reshape(product, [a, b, weight.shape[1]]);
}
