/**
 * Additive attention (Bahdanau et al. 2015, arXiv 1409.0473, appendix A.1.2) over the cells of a grid, with its gradient:
 *
 *     e = tanh(keys + query) · score;  α = softmax(e);  context = Σ α · values
 *
 * Of everything in between only the tanh is kept for the gradient, and what all looks at a grid add to is added up once.
 */
import {bool, runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {stack, sum, unstack} from '../tensorflow/tensor-lists';
import {matmul} from './matmul';

const float32 = type('T', 'float32');
const adjoint = (x: boolean, y: boolean) => [bool('adj_x', x), bool('adj_y', y), float32];
const plain = adjoint(false, false);
const [first, second] = [adjoint(true, false), adjoint(false, true)];

/** As many tensors of the grid's size as wait to be added up: TensorFlow adds that many in one pass. */
const few = 8;

/**
 * Looks that do not hang on each other, at the same grid.
 *
 * @param keys `[batch, cells, attention]`
 * @param queries `[steps, batch, attention]`
 * @param score `[attention, 1]`
 * @param values `[batch, cells, units]`
 * @returns Of each look the context, the attention that made it and log Σ exp(e), side by side, `[steps, batch, units + cells + 1]`;
 *   differentiable with respect to all four.
 */
export function additiveAttention(
  keys: tf.Tensor3D,
  queries: tf.Tensor3D,
  score: tf.Tensor2D,
  values: tf.Tensor3D,
): tf.Tensor3D {
  const [steps, batch] = queries.shape;
  const [, cells, units] = values.shape;
  const layer = tf.customGrad((...args) => {
    const save = args[4] as unknown as tf.GradSaveFunc;
    const looks = unstack(queries).map((query) => look(keys, query, score, values));
    save([score, values, ...looks.flatMap(({tanh, alpha}) => [tanh, alpha])]);
    const maps = tf.reshape<tf.Rank.R3>(stack(looks.map(({alpha}) => alpha)), [steps, batch, cells]);
    const energies = tf.reshape(stack(looks.map((one) => one.energies)), [steps, batch, cells]);
    // The largest share is that of the largest energy, and never 0.
    const total = tf.sub<tf.Tensor3D>(tf.max(energies, 2, true), tf.log(tf.max(maps, 2, true)));
    return {
      value: tf.concat([stack(looks.map(({context}) => context)), maps, total], 2),
      gradFunc: (dy, saved) => gradient(dy as tf.Tensor3D, saved),
    };
  });
  return layer(keys, queries, score, values) as tf.Tensor3D;

  function gradient(dy: tf.Tensor3D, [score, values, ...looks]: readonly tf.Tensor[]): tf.Tensor[] {
    const parts = tf.split(dy, [units, cells, 1], 2).map((part) => {
      return unstack(tf.reshape(part, [steps, batch, 1, part.shape[2]!]));
    });
    const [dContexts, dMaps, dTotals] = parts as [tf.Tensor[], tf.Tensor[], tf.Tensor[]];
    const sums = new LookGradients(score!, values!);
    const dQueries = dContexts.map((dContext, t) => {
      const [tanh, alpha] = [looks[2 * t]!, looks[2 * t + 1]!];
      return sums.add({tanh, alpha}, dContext, dMaps[t]!, dTotals[t]);
    });
    return [sums.keys(), stack(dQueries), sums.score(), sums.values()];
  }
}

/** One look, for functions with gradients of their own. */
export interface Look {
  /** `[batch · cells, attention]` */
  readonly tanh: tf.Tensor;
  /** e, `[batch, 1, cells]` */
  readonly energies: tf.Tensor;
  /** α, `[batch, 1, cells]` */
  readonly alpha: tf.Tensor;
  /** `[batch, units]` */
  readonly context: tf.Tensor2D;
}

/** @param query `[batch, attention]`; the others as above. */
export function look(keys: tf.Tensor, query: tf.Tensor, score: tf.Tensor, values: tf.Tensor): Look {
  const [batch, cells, attention] = keys.shape as [number, number, number];
  const sums = runOp('AddV2', [keys, tf.reshape(query, [batch, 1, attention])], [float32]);
  const flat = tf.reshape(sums, [batch * cells, attention]);
  const tanh = runOp('Tanh', [flat], [float32]);
  tf.dispose([sums, flat]);
  const energies = tf.reshape(matmul(tanh, score), [batch, 1, cells]);
  const alpha = runOp('Softmax', [energies], [float32]);
  const context = runOp('BatchMatMulV2', [alpha, values], plain);
  return {tanh, energies, alpha, context: tf.reshape(context, [batch, values.shape[2]!])};
}

/** The gradients of looks at one grid: a query's at once, the others for all together. */
export class LookGradients {
  #dKeys: tf.Tensor[] = [];
  readonly #dScores: tf.Tensor[] = [];
  readonly #alphas: tf.Tensor[] = [];
  readonly #dContexts: tf.Tensor[] = [];

  constructor(
    private readonly ofScore: tf.Tensor,
    private readonly ofValues: tf.Tensor,
  ) {}

  /**
   * @param dContext `[batch, 1, units]`
   * @param dAlpha `[batch, 1, cells]`
   * @param dTotal Of log Σ exp(e), `[batch, 1, 1]`.
   * @returns The gradient of the query, `[batch, attention]`.
   */
  add(
    {tanh, alpha}: Pick<Look, 'tanh' | 'alpha'>,
    dContext: tf.Tensor,
    dAlpha: tf.Tensor,
    dTotal?: tf.Tensor,
  ): tf.Tensor2D {
    const [batch, cells] = this.ofValues.shape as [number, number];
    const [attention] = this.ofScore.shape as [number];
    const ofContext = runOp('BatchMatMulV2', [dContext, this.ofValues], second);
    const weighted = tf.mul(alpha, tf.add(dAlpha, ofContext));
    const mean = tf.sum(weighted, 2, true);
    const dEnergies = tf.sub(weighted, tf.mul(alpha, dTotal ? tf.sub(mean, dTotal) : mean));
    const flat = tf.reshape(dEnergies, [batch * cells, 1]);
    const dTanh = matmul(flat, this.ofScore, 'second');
    const dSums = runOp('TanhGrad', [tanh, dTanh], [float32]);
    const dKeys = tf.reshape(dSums, [batch, cells, attention]);
    tf.dispose([dTanh, dSums]);

    if (this.#dKeys.length === few) {
      const all = sum(this.#dKeys);
      tf.dispose(this.#dKeys);
      this.#dKeys = [all];
    }
    this.#dKeys.push(dKeys);
    this.#dScores.push(matmul(tanh, flat, 'first'));
    this.#alphas.push(alpha);
    this.#dContexts.push(dContext);
    // A product with ones is the same as a sum over the cells, in half the time.
    const dQuery = runOp('BatchMatMulV2', [runOp('OnesLike', [alpha], [float32]), dKeys], plain);
    return tf.reshape(dQuery, [batch, attention]);
  }

  keys(): tf.Tensor {
    return sum(this.#dKeys);
  }

  score(): tf.Tensor {
    return sum(this.#dScores);
  }

  /** Σ αᵀ · dContext, as one product for each image. */
  values(): tf.Tensor {
    const [alphas, dContexts] = [this.#alphas, this.#dContexts].map((parts) => tf.concat(parts, 1));
    return runOp('BatchMatMulV2', [alphas!, dContexts!], first);
  }
}
