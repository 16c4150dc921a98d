/**
 * The output layer and its loss in one function: states to logits to the mean cross entropy of the target words. The gradient
 * reuses the softmax of the forward pass, and takes two matrix products (states and weight) and a matrix-vector product (bias).
 */
import {runOp, type} from '../tensorflow/ops';
import {currentPrecision} from '../tensorflow/precision';
import {tf} from '../tensorflow/tensorflow';
import {columnSums} from './linear';
import {matmul} from './matmul';
import {withGradient} from './with-gradient';

const float32 = type('T', 'float32');
const segments = [float32, type('Tindices', 'int32'), type('Tnumsegments', 'int32')];

// The smallest normal number of float32, about: probabilities are clipped here before the logarithm.
const smallest = 1.2e-38;

/**
 * Returns the mean over rows of `-log softmax(states · weightᵀ + bias)[target]`. With label smoothing (Szegedy et al. 2016, arXiv
 * 1512.00567, section 7) the target is a mixture of the target word and the uniform distribution over the vocabulary.
 *
 * @param states `[rows, units]`, without rows for padding.
 * @param weight `[vocabulary, units]`
 * @param bias `[vocabulary]`
 * @param targets The id of each row's target word, int32 `[rows]`.
 * @param smoothing Weight of the uniform distribution, from 0 to less than 1.
 * @param rowWeights Factor of each row's loss, `[rows]`; negative to make the target less likely. The sum is divided by `rows`, not by the sum of
 *   the factors (unlike PyTorch's class weights). @default 1 for each row
 * @returns A scalar, differentiable with respect to `states`, `weight` and `bias`.
 */
export function sparseCrossEntropy(
  states: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
  targets: tf.Tensor1D,
  smoothing: number = 0,
  rowWeights?: tf.Tensor1D,
): tf.Scalar {
  const [rows, units] = states.shape;
  const vocabulary = weight.shape[0];
  return withGradient<tf.Scalar>([states, weight, bias], (save) => {
    const products = matmul(states, weight, 'second');
    const logits = runOp('BiasAdd', [products, bias], [float32]);
    const probabilities = runOp<tf.Tensor2D>('Softmax', [logits], [float32]);
    const indices = tf.stack([tf.range(0, rows, 1, 'int32'), targets], 1); // [rows, 2]
    const targetProbabilities = tf.gatherND(probabilities, indices);
    save([probabilities, states, weight, targets, ...(rowWeights ? [rowWeights] : [])]);
    const targetLosses = tf.neg(tf.log(tf.maximum(targetProbabilities, smallest)));
    // The mean loss over the vocabulary minus the target's loss equals the target's logit minus the mean logit.
    const excess = (): tf.Tensor => tf.sub(tf.gatherND(logits, indices), tf.mean(logits, 1));
    const losses = smoothing > 0 ? tf.add(targetLosses, tf.mul(excess(), smoothing)) : targetLosses;
    return {
      value: tf.mean(rowWeights ? tf.mul(losses, rowWeights) : losses),
      gradient: (dy, saved) => gradient(dy, saved),
    };
  });

  // With p the softmax: d logits = (p - (1 - smoothing) · onehot(targets) - smoothing / vocabulary) · rowWeight · dy / rows. Its terms
  // are multiplied separately, so that no second tensor of [rows, vocabulary] is needed.
  function gradient(dy: tf.Scalar, saved: readonly tf.Tensor[]): tf.Tensor[] {
    const [p, states, weight, targets] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
    const rowWeights = saved[4];
    const scale = rowWeights ? tf.mul(tf.reshape(rowWeights, [rows, 1]), tf.div(dy, rows)) : tf.div(dy, rows);
    if (currentPrecision() !== 'float32') return roundedGradient(p, states, weight, targets, scale);
    const scaled = tf.mul(states, scale);
    const ones = tf.mul(tf.ones([rows, 1]), scale);
    const count = tf.scalar(vocabulary, 'int32');
    const smooth = (target: tf.Tensor, uniform: () => tf.Tensor): tf.Tensor =>
      smoothing > 0 ? tf.add(tf.mul(target, 1 - smoothing), tf.mul(uniform(), smoothing)) : target;
    const byWord = (rows: tf.Tensor): tf.Tensor =>
      smooth(runOp('UnsortedSegmentSum', [rows, targets, count], segments), () =>
        tf.div(tf.sum(rows, 0, true), vocabulary),
      );
    const expected = smooth(tf.gather(weight, targets), () => tf.mean(weight, 0, true));
    const dStates = tf.mul(tf.sub(matmul(p, weight), expected), scale);
    const dWeight = tf.sub(matmul(p, scaled, 'first'), byWord(scaled));
    const dBias = tf.sub(matmul(p, ones, 'first'), byWord(ones));
    return [
      tf.reshape(dStates, [rows, units]),
      tf.reshape(dWeight, [vocabulary, units]),
      tf.reshape(dBias, [vocabulary]),
    ];
  }

  // Products that round p would lose the small difference between p and its target. So the logits' gradient is computed first, and the bias
  // gets its sums.
  function roundedGradient(
    p: tf.Tensor2D,
    states: tf.Tensor2D,
    weight: tf.Tensor2D,
    targets: tf.Tensor1D,
    scale: tf.Tensor,
  ): tf.Tensor[] {
    const uniform = smoothing / vocabulary;
    const target = tf.oneHot(targets, vocabulary, 1 - smoothing + uniform, uniform, 'float32');
    const dLogits = tf.mul(tf.sub(p, target), scale);
    return [matmul(dLogits, weight), matmul(dLogits, states, 'first'), columnSums(dLogits)];
  }
}
