/**
 * Additive attention (Bahdanau et al. 2015, arXiv 1409.0473, appendix A.1.2) over the cells of a grid, with its gradient:
 *
 *     e = tanh(keys + query) · score;  α = softmax(e);  context = Σ α · values
 *
 * Written as one function, so that of everything in between only the tanh is kept for the gradient.
 */
import {bool, kernel, type} from './kernels';
import {tf} from './native';
import {product} from './product';

const float32 = type('T', 'float32');
const adjoint = (x: boolean, y: boolean) => [bool('adj_x', x), bool('adj_y', y), float32];

/**
 * @param keys `[batch, cells, attention]`
 * @param query `[batch, attention]`
 * @param score `[attention, 1]`
 * @param values `[batch, cells, units]`
 * @returns The context and the attention that made it, side by side, `[batch, units + cells]`; differentiable with respect to
 *   all four.
 */
export function additiveAttention(
  keys: tf.Tensor3D,
  query: tf.Tensor2D,
  score: tf.Tensor2D,
  values: tf.Tensor3D,
): tf.Tensor2D {
  const [batch, cells, attention] = keys.shape;
  const units = values.shape[2];
  const layer = tf.customGrad((...args) => {
    const save = args[4] as unknown as tf.GradSaveFunc;
    const sums = kernel('AddV2', [keys, tf.reshape(query, [batch, 1, attention])], [float32]);
    const tanh = kernel('Tanh', [sums], [float32]);
    sums.dispose();
    const energies = product(tf.reshape(tanh, [batch * cells, attention]), score);
    const alpha = kernel('Softmax', [tf.reshape(energies, [batch, cells])], [float32]);
    const context = kernel(
      'BatchMatMulV2',
      [tf.reshape(alpha, [batch, 1, cells]), values],
      adjoint(false, false),
    );
    save([tanh, alpha, score, values]);
    return {
      value: tf.concat([tf.reshape(context, [batch, units]), alpha], 1),
      gradFunc: (dy, saved) => gradient(dy as tf.Tensor2D, saved),
    };
  });
  return layer(keys, query, score, values) as tf.Tensor2D;

  function gradient(dy: tf.Tensor2D, saved: readonly tf.Tensor[]): tf.Tensor[] {
    const [tanh, alpha, score, values] = saved as [tf.Tensor3D, tf.Tensor2D, tf.Tensor2D, tf.Tensor3D];
    const dContext = tf.reshape(tf.slice(dy, [0, 0], [batch, units]), [batch, 1, units]);
    const ofContext = kernel('BatchMatMulV2', [dContext, values], adjoint(false, true)); // [batch, 1, cells]
    const dAlpha = tf.add(tf.slice(dy, [0, units], [batch, cells]), tf.reshape(ofContext, [batch, cells]));
    const weighted = tf.mul(alpha, dAlpha);
    const dEnergies = tf.sub(weighted, tf.mul(alpha, tf.sum(weighted, 1, true)));
    const flat = tf.reshape(dEnergies, [batch * cells, 1]);
    const rows = tf.reshape(tanh, [batch * cells, attention]);
    const dScore = product(rows, flat, 'first');
    const dTanh = product(flat, tf.reshape(score, [1, attention]));
    const dKeys = kernel<tf.Tensor3D>('TanhGrad', [tanh, tf.reshape(dTanh, tanh.shape)], [float32]);
    const dQuery = tf.sum(dKeys, 1);
    const dValues = kernel(
      'BatchMatMulV2',
      [tf.reshape(alpha, [batch, cells, 1]), dContext],
      adjoint(false, false),
    );
    return [dKeys, dQuery, dScore, dValues];
  }
}
