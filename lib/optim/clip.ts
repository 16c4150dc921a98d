/** Gradient clipping by global norm. */
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';

const float32 = type('T', 'float32');

/**
 * Scales gradients so that their global norm, over all weights, is at most `maximum` (Pascanu et al. 2013).
 *
 * @param gradients Gradients by weight name. The caller keeps them.
 * @returns The norm before clipping and the clipped gradients, which the caller disposes. If the norm is not finite, they are unchanged.
 */
export function clipByGlobalNorm(
  gradients: ReadonlyMap<string, tf.Tensor>,
  maximum: number,
): {gradients: Map<string, tf.Tensor>; norm: number} {
  const norm = tf.tidy(() => {
    const halves = [...gradients.values()].map((gradient) => runOp('L2Loss', [gradient], [float32]));
    return Math.sqrt(2 * tf.addN(halves).dataSync()[0]!);
  });
  const scale = norm > maximum && Number.isFinite(norm) ? maximum / norm : 1;
  const scaled = [...gradients].map(
    ([name, gradient]) => [name, scale === 1 ? tf.clone(gradient) : tf.mul(gradient, scale)] as const,
  );
  return {gradients: new Map(scaled), norm};
}
