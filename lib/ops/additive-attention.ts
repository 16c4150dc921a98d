/**
 * Additive attention (Bahdanau et al. 2015, arXiv 1409.0473, appendix A.1.2) over the cells of a grid, with its gradient:
 *
 *     e = tanh(keys + query) · v;  α = softmax(e);  context = Σ α · values
 *
 * Only the tanh and α of each step are kept for the gradient. Gradients with respect to keys, values and v are summed over the steps.
 */
import {bool, runOp, type} from '../tensorflow/ops';
import {withPrecision} from '../tensorflow/precision';
import {tf} from '../tensorflow/tensorflow';
import {stack, sum, unstack} from '../tensorflow/tensor-lists';
import {matmul} from './matmul';
import {withGradient} from './with-gradient';

const float32 = type('T', 'float32');
const adjoint = (x: boolean, y: boolean) => [bool('adj_x', x), bool('adj_y', y), float32];
const plain = adjoint(false, false);
const [first, second] = [adjoint(true, false), adjoint(false, true)];

/** Number of grid-sized gradients kept before they are summed: TensorFlow's `AddN` adds that many in one pass. */
const maximumTerms = 8;

/**
 * Attends to the same grid with independent queries.
 *
 * @param keys `[batch, cells, attention]`
 * @param queries `[steps, batch, attention]`
 * @param score The vector v, `[attention, 1]`
 * @param values `[batch, cells, units]`
 * @returns For each query the context, the attention weights α and log Σ exp(e), concatenated: `[steps, batch, units + cells + 1]`.
 *   Differentiable with respect to all four.
 */
export function additiveAttention(
  keys: tf.Tensor3D,
  queries: tf.Tensor3D,
  score: tf.Tensor2D,
  values: tf.Tensor3D,
): tf.Tensor3D {
  const [steps, batch] = queries.shape;
  const [, cells, units] = values.shape;
  return withGradient<tf.Tensor3D>([keys, queries, score, values], (save) => {
    const all = unstack(queries).map((query) => attentionStep(keys, query, score, values));
    save([score, values, ...all.flatMap(({tanh, alpha}) => [tanh, alpha])]);
    const maps = tf.reshape<tf.Rank.R3>(stack(all.map(({alpha}) => alpha)), [steps, batch, cells]);
    const energies = tf.reshape(stack(all.map((step) => step.energies)), [steps, batch, cells]);
    // log Σ exp(e) = e - log α for any cell. The cell with the largest energy has the largest α, which is never 0.
    const total = tf.sub<tf.Tensor3D>(tf.max(energies, 2, true), tf.log(tf.max(maps, 2, true)));
    return {
      value: tf.concat([stack(all.map(({context}) => context)), maps, total], 2),
      gradient: (dy, saved) => gradient(dy, saved),
    };
  });

  function gradient(dy: tf.Tensor3D, [score, values, ...kept]: readonly tf.Tensor[]): tf.Tensor[] {
    const parts = tf.split(dy, [units, cells, 1], 2).map((part) => {
      return unstack(tf.reshape(part, [steps, batch, 1, part.shape[2]!]));
    });
    const [dContexts, dMaps, dTotals] = parts as [tf.Tensor[], tf.Tensor[], tf.Tensor[]];
    const sums = new AttentionGradients(score!, values!);
    const dQueries = dContexts.map((dContext, t) => {
      const [tanh, alpha] = [kept[2 * t]!, kept[2 * t + 1]!];
      return sums.add({tanh, alpha}, dContext, dMaps[t]!, dTotals[t]);
    });
    return [sums.dKeys(), stack(dQueries), sums.dScore(), sums.dValues()];
  }
}

/** The tensors of one attention step. */
export interface AttentionStep {
  /** `[batch · cells, attention]` */
  readonly tanh: tf.Tensor;
  /** e, `[batch, 1, cells]` */
  readonly energies: tf.Tensor;
  /** α, `[batch, 1, cells]` */
  readonly alpha: tf.Tensor;
  /** `[batch, units]` */
  readonly context: tf.Tensor2D;
}

/**
 * Attends with one query, without recording a gradient.
 *
 * @param query `[batch, attention]`; the others as for `additiveAttention`.
 */
export function attentionStep(
  keys: tf.Tensor,
  query: tf.Tensor,
  score: tf.Tensor,
  values: tf.Tensor,
): AttentionStep {
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

/** Gradients of attention steps on one grid: each query's at once, the others summed over all steps. */
export class AttentionGradients {
  #dKeyTerms: tf.Tensor[] = [];
  readonly #dScores: tf.Tensor[] = [];
  readonly #alphas: tf.Tensor[] = [];
  readonly #dContexts: tf.Tensor[] = [];

  constructor(
    private readonly score: tf.Tensor,
    private readonly values: tf.Tensor,
  ) {}

  /**
   * Adds the gradients of one step.
   *
   * @param dContext `[batch, 1, units]`
   * @param dAlpha `[batch, 1, cells]`
   * @param dTotal The gradient of log Σ exp(e), `[batch, 1, 1]`.
   * @returns The gradient of the query, `[batch, attention]`.
   */
  add(
    {tanh, alpha}: Pick<AttentionStep, 'tanh' | 'alpha'>,
    dContext: tf.Tensor,
    dAlpha: tf.Tensor,
    dTotal?: tf.Tensor,
  ): tf.Tensor2D {
    const [batch, cells] = this.values.shape as [number, number];
    const [attention] = this.score.shape as [number];
    const fromContext = runOp('BatchMatMulV2', [dContext, this.values], second);
    const weighted = tf.mul(alpha, tf.add(dAlpha, fromContext));
    const mean = tf.sum(weighted, 2, true);
    const dEnergies = tf.sub(weighted, tf.mul(alpha, dTotal ? tf.sub(mean, dTotal) : mean));
    const flat = tf.reshape(dEnergies, [batch * cells, 1]);
    const dTanh = matmul(flat, this.score, 'second');
    const dSums = runOp('TanhGrad', [tanh, dTanh], [float32]);
    const dKeys = tf.reshape(dSums, [batch, cells, attention]);
    tf.dispose([dTanh, dSums]);

    if (this.#dKeyTerms.length === maximumTerms) {
      const all = sum(this.#dKeyTerms);
      tf.dispose(this.#dKeyTerms);
      this.#dKeyTerms = [all];
    }
    this.#dKeyTerms.push(dKeys);
    this.#dScores.push(matmul(tanh, flat, 'first'));
    this.#alphas.push(alpha);
    this.#dContexts.push(dContext);
    // A product with ones sums over the cells in half the time of `tf.sum`.
    const dQuery = withPrecision('float32', () =>
      runOp('BatchMatMulV2', [runOp('OnesLike', [alpha], [float32]), dKeys], plain),
    );
    return tf.reshape(dQuery, [batch, attention]);
  }

  /** `[batch, cells, attention]` */
  dKeys(): tf.Tensor {
    return sum(this.#dKeyTerms);
  }

  /** `[attention, 1]` */
  dScore(): tf.Tensor {
    return sum(this.#dScores);
  }

  /** Σ αᵀ · dContext, `[batch, cells, units]`, as one product per image. */
  dValues(): tf.Tensor {
    const [alphas, dContexts] = [this.#alphas, this.#dContexts].map((parts) => tf.concat(parts, 1));
    return runOp('BatchMatMulV2', [alphas!, dContexts!], first);
  }
}
