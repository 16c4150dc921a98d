/**
 * The output layer and its loss in one: states to logits to the mean cross entropy of the right words, with its
 * gradient. Written as one function because the gradient of both together is one softmax and two products.
 */
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {matmul} from './matmul';

const float32 = type('T', 'float32');
const segments = [float32, type('Tindices', 'int32'), type('Tnumsegments', 'int32')];

// The smallest probability that has a logarithm in float32 without denormal numbers.
const smallest = 1.2e-38;

/**
 * Mean over rows of `-log softmax(states · weightᵀ + bias)[target]`; with label smoothing (Szegedy et al. 2016, arXiv 1512.00567,
 * section 7) the target is a mixture, of which all words share a little.
 *
 * @param states `[rows, units]`, without rows for padding.
 * @param weight `[vocabulary, units]`
 * @param bias `[vocabulary]`
 * @param targets The right word of each row, int32 `[rows]`.
 * @param smoothing What all words share, from 0 to less than 1.
 * @param shares How much each row counts, `[rows]`, negative where it is to become less likely; absent: each as one.
 * @returns A scalar, differentiable with respect to `states`, `weight` and `bias`.
 */
export function sparseCrossEntropy(
  states: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
  targets: tf.Tensor1D,
  smoothing: number = 0,
  shares?: tf.Tensor1D,
): tf.Scalar {
  const [rows, units] = states.shape;
  const vocabulary = weight.shape[0];
  const loss = tf.customGrad((...args) => {
    const save = args[3] as unknown as tf.GradSaveFunc;
    const products = matmul(states, weight, 'second');
    const logits = runOp('BiasAdd', [products, bias], [float32]);
    const probabilities = runOp<tf.Tensor2D>('Softmax', [logits], [float32]);
    const places = tf.stack([tf.range(0, rows, 1, 'int32'), targets], 1); // [rows, 2]
    const right = tf.gatherND(probabilities, places);
    save([probabilities, states, weight, targets, ...(shares ? [shares] : [])]);
    const ofRight = tf.neg(tf.log(tf.maximum(right, smallest)));
    // The mean of all words' losses differs from the right one's as their logits do.
    const others = (): tf.Tensor => tf.sub(tf.gatherND(logits, places), tf.mean(logits, 1));
    const losses = smoothing > 0 ? tf.add(ofRight, tf.mul(others(), smoothing)) : ofRight;
    return {
      value: tf.mean(shares ? tf.mul(losses, shares) : losses),
      gradFunc: (dy, saved) => gradient(dy as tf.Scalar, saved),
    };
  });
  return loss(states, weight, bias) as tf.Scalar;

  // With p the softmax: d logits = (p - (1 - smoothing) · onehot(targets) - smoothing / vocabulary) · share · dy / rows, whose parts
  // are never put together.
  function gradient(dy: tf.Scalar, saved: readonly tf.Tensor[]): tf.Tensor[] {
    const [p, states, weight, targets] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
    const shares = saved[4];
    const scale = shares ? tf.mul(tf.reshape(shares, [rows, 1]), tf.div(dy, rows)) : tf.div(dy, rows);
    const scaled = tf.mul(states, scale);
    const ones = tf.mul(tf.ones([rows, 1]), scale);
    const count = tf.scalar(vocabulary, 'int32');
    const share = (ofRight: tf.Tensor, ofAll: () => tf.Tensor): tf.Tensor =>
      smoothing > 0 ? tf.add(tf.mul(ofRight, 1 - smoothing), tf.mul(ofAll(), smoothing)) : ofRight;
    const byWord = (rows: tf.Tensor): tf.Tensor =>
      share(runOp('UnsortedSegmentSum', [rows, targets, count], segments), () =>
        tf.div(tf.sum(rows, 0, true), vocabulary),
      );
    const right = share(tf.gather(weight, targets), () => tf.mean(weight, 0, true));
    const dStates = tf.mul(tf.sub(matmul(p, weight), right), scale);
    const dWeight = tf.sub(matmul(p, scaled, 'first'), byWord(scaled));
    const dBias = tf.sub(matmul(p, ones, 'first'), byWord(ones));
    return [
      tf.reshape(dStates, [rows, units]),
      tf.reshape(dWeight, [vocabulary, units]),
      tf.reshape(dBias, [vocabulary]),
    ];
  }
}
