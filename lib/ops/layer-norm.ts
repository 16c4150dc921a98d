/** Layer normalisation (Ba et al. 2016, arXiv 1607.06450), with its gradient. */
import {columnSums} from './linear';
import {tf} from '../tensorflow/tensorflow';
import {matmul} from './matmul';
import {withGradient} from './with-gradient';

/**
 * Normalises each row to mean 0 and variance 1, then scales and shifts it: `(x - mean) / √(variance + epsilon) · scale + shift`.
 *
 * @param x `[rows, units]`
 * @param scale `[units]`
 * @param shift `[units]`
 * @returns A tensor of the shape of `x`, differentiable with respect to all three.
 */
export function layerNorm(
  x: tf.Tensor2D,
  scale: tf.Tensor1D,
  shift: tf.Tensor1D,
  epsilon: number = 1e-5,
): tf.Tensor2D {
  const units = x.shape[1];
  return withGradient<tf.Tensor2D>([x, scale, shift], (save) => {
    const centred = tf.sub(x, tf.mean(x, 1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon)); // [rows, 1]
    const normal = tf.mul(centred, inverse);
    save([normal, inverse, scale]);
    return {
      value: tf.add(tf.mul(normal, scale), shift),
      gradient: (dy, saved) => {
        const [normal, inverse, scale] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
        const meanWeights = tf.div(tf.reshape(scale, [units, 1]), units);
        const along = tf.mul(dy, normal);
        // The row means of `dy · scale` and `along · scale`, as matrix products.
        const means = matmul(dy, meanWeights);
        const drift = tf.mul(normal, matmul(along, meanWeights));
        const dx = tf.mul(inverse, tf.sub(tf.sub(tf.mul(dy, scale), means), drift));
        return [dx, columnSums(along), columnSums(dy)];
      },
    };
  });
}
