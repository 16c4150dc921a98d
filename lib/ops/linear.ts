/** A fully connected layer, with a gradient that takes as few passes over the data as possible. */
import {runOp, text, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {matmul} from './matmul';
import {withGradient} from './with-gradient';

const float32 = type('T', 'float32');
const bias = [float32, text('data_format', 'NHWC')];

/**
 * Computes `activation(x · weight + shift)`.
 *
 * @param x `[rows, inputs]`
 * @param weight `[inputs, outputs]`
 * @param shift `[outputs]`
 * @param activation Activation function; `linear` for none.
 * @returns `[rows, outputs]`; differentiable with respect to all three.
 */
export function linear(
  x: tf.Tensor2D,
  weight: tf.Tensor2D,
  shift: tf.Tensor1D,
  activation: 'linear' | 'relu' = 'linear',
): tf.Tensor2D {
  return withGradient<tf.Tensor2D>([x, weight, shift], (save) => {
    const sums = runOp<tf.Tensor2D>('BiasAdd', [matmul(x, weight), shift], bias);
    const y = activation === 'relu' ? runOp<tf.Tensor2D>('Relu', [sums], [float32]) : sums;
    save([x, weight, ...(activation === 'relu' ? [y] : [])]);
    return {
      value: y,
      gradient: (dy, saved) => {
        const [x, weight, y] = saved;
        const passed = y ? runOp('ReluGrad', [dy, y], [float32]) : dy;
        return [matmul(passed, weight!, 'second'), matmul(x!, passed, 'first'), columnSums(passed)];
      },
    };
  });
}

/** Sums over the rows, `[rows, units]` to `[units]`, faster than `tf.sum`. */
export function columnSums(x: tf.Tensor): tf.Tensor1D {
  return runOp('BiasAddGrad', [x], bias);
}
