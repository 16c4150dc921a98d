/** Typed functions of tensors that bring their own gradients, so that no op inside them is recorded on the gradient tape. */
import {tf} from '../tensorflow/tensorflow';

export interface Forward<Out extends tf.Tensor> {
  readonly value: Out;
  /**
   * Returns the gradients with respect to the inputs, in their order.
   *
   * @param dy Gradient with respect to `value`.
   * @param saved The tensors that the forward pass saved.
   */
  readonly gradient: (dy: Out, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
}

/**
 * Runs a function that brings its own gradient.
 *
 * @param inputs Tensors that it is differentiable with respect to.
 * @param forward Computes the value. `save` keeps tensors for the gradient; inputs count as saved only if they are passed to it.
 * @returns The value. The caller disposes it.
 * @example
 * const square = (x: tf.Tensor) =>
 *   withGradient([x], (save) => {
 *     save([x]);
 *     return {value: tf.square(x), gradient: (dy, [x]) => tf.mul(dy, tf.mul(2, x!))};
 *   });
 */
export function withGradient<Out extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => Forward<Out>,
): Out {
  // tfjs types its callback as if every argument were a tensor; the last one is the function that saves.
  const custom = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const {value, gradient} = forward(save);
    return {value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy as Out, saved)};
  });
  return custom(...inputs);
}
