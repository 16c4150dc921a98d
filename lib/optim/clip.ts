/** Gradient clipping by global norm (Pascanu et al. 2013), without reading the norm. */
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';

const float32 = type('T', 'float32');

export interface Clipping {
  /** L2 norm over all gradients, before clipping. */
  readonly norm: tf.Scalar;
  /** Whether the loss and the norm are finite. */
  readonly finite: tf.Scalar;
  /** Factor of the gradients: 1 if the norm is at most `maximum`, and 0 if a number is not finite. */
  readonly factor: tf.Scalar;
}

/**
 * Computes by how much gradients are scaled so that their global norm is at most `maximum`.
 *
 * @returns The caller disposes all of it.
 */
export function clipping(gradients: readonly tf.Tensor[], maximum: tf.Scalar, loss: tf.Scalar): Clipping {
  return tf.tidy((): Clipping & tf.TensorContainerObject => {
    const halves = gradients.map((gradient) => runOp('L2Loss', [gradient], [float32]));
    const norm: tf.Scalar = tf.sqrt(tf.mul<tf.Scalar>(2, tf.addN(halves)));
    const finite = tf.logicalAnd<tf.Scalar>(tf.isFinite(norm), tf.isFinite(loss));
    const most: tf.Scalar = tf.minimum(1, tf.div<tf.Scalar>(maximum, norm));
    const factor = tf.where(finite, most, tf.scalar(0));
    return {norm, finite, factor};
  });
}

/** Multiplies a gradient by a factor; by 0, numbers that are not finite become 0 too. */
export function scaled(gradient: tf.Tensor, factor: tf.Scalar): tf.Tensor {
  return runOp('MulNoNan', [gradient, factor], [float32]);
}
