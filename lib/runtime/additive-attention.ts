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
const plain = adjoint(false, false);
const second = adjoint(false, true);

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
  const [batch, cells] = keys.shape;
  const units = values.shape[2];
  const layer = tf.customGrad((...args) => {
    const save = args[4] as unknown as tf.GradSaveFunc;
    const {tanh, alpha, context} = look(keys, query, score, values);
    save([tanh, alpha, score, values]);
    return {
      value: tf.concat([context, tf.reshape(alpha, [batch, cells])], 1),
      gradFunc: (dy, saved) => gradient(dy as tf.Tensor2D, saved),
    };
  });
  return layer(keys, query, score, values) as tf.Tensor2D;

  function gradient(dy: tf.Tensor2D, saved: readonly tf.Tensor[]): tf.Tensor[] {
    const [tanh, alpha, score, values] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const [dContext, dAlpha] = tf.split(dy, [units, cells], 1) as [tf.Tensor, tf.Tensor];
    const before = [tf.reshape(dContext, [batch, 1, units]), tf.reshape(dAlpha, alpha.shape)] as const;
    const {dKeys, dQuery, dScore} = lookGradient({tanh, alpha}, score, values, ...before);
    const dValues = kernel('BatchMatMulV2', [tf.reshape(alpha, [batch, cells, 1]), before[0]], plain);
    return [dKeys, dQuery, dScore, dValues];
  }
}

/** One look, for functions with gradients of their own. */
export interface Look {
  /** `[batch · cells, attention]` */
  readonly tanh: tf.Tensor;
  /** `[batch, 1, cells]` */
  readonly alpha: tf.Tensor;
  /** `[batch, units]` */
  readonly context: tf.Tensor2D;
}

/** Shapes as in `additiveAttention`. */
export function look(keys: tf.Tensor, query: tf.Tensor, score: tf.Tensor, values: tf.Tensor): Look {
  const [batch, cells, attention] = keys.shape as [number, number, number];
  const sums = kernel('AddV2', [keys, tf.reshape(query, [batch, 1, attention])], [float32]);
  const flat = tf.reshape(sums, [batch * cells, attention]);
  const tanh = kernel('Tanh', [flat], [float32]);
  tf.dispose([sums, flat]);
  const energies = tf.reshape(product(tanh, score), [batch, 1, cells]);
  const alpha = kernel('Softmax', [energies], [float32]);
  const context = kernel('BatchMatMulV2', [alpha, values], plain);
  return {tanh, alpha, context: tf.reshape(context, [batch, values.shape[2]!])};
}

/**
 * The gradient of a look but for that of the values, which is αᵀ · dContext.
 *
 * @param dContext `[batch, 1, units]`
 * @param dAlpha `[batch, 1, cells]`
 */
export function lookGradient(
  {tanh, alpha}: Omit<Look, 'context'>,
  score: tf.Tensor,
  values: tf.Tensor,
  dContext: tf.Tensor,
  dAlpha: tf.Tensor,
): {dKeys: tf.Tensor; dQuery: tf.Tensor2D; dScore: tf.Tensor} {
  const [batch, cells] = values.shape as [number, number];
  const [attention] = score.shape as [number];
  const ofContext = kernel('BatchMatMulV2', [dContext, values], second);
  const weighted = tf.mul(alpha, tf.add(dAlpha, ofContext));
  const dEnergies = tf.sub(weighted, tf.mul(alpha, tf.sum(weighted, 2, true)));
  const flat = tf.reshape(dEnergies, [batch * cells, 1]);
  const dTanh = product(flat, score, 'second');
  const dSums = kernel('TanhGrad', [tanh, dTanh], [float32]);
  const dKeys = tf.reshape(dSums, [batch, cells, attention]);
  tf.dispose([dTanh, dSums]);
  // A product with ones is the same as a sum over the cells, in half the time.
  const dQuery = kernel('BatchMatMulV2', [kernel('OnesLike', [alpha], [float32]), dKeys], plain);
  return {dKeys, dQuery: tf.reshape(dQuery, [batch, attention]), dScore: product(tanh, flat, 'first')};
}
