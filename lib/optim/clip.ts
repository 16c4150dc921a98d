/** Keeps a training step from leaping: gradients that are too long, all weights together, are shortened. */
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';

const float32 = type('T', 'float32');

/**
 * Scales gradients so that their length over all weights together is at most `maximum` (Pascanu et al. 2013).
 *
 * @param gradients They stay the caller's.
 * @returns The length before, and gradients that the caller disposes. Where the length is not finite they are as they came.
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
