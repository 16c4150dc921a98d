/** Log-probabilities of single words, with a gradient that needs no second tensor as large as the logits. */
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {matmul} from './matmul';
import {withGradient} from './with-gradient';

const float32 = type('T', 'float32');

/**
 * Computes `log softmax(states · weightᵀ + bias)` at some words.
 *
 * @param states `[rows, units]`
 * @param weight `[vocabulary, units]`
 * @param bias `[vocabulary]`
 * @param words Ids of the words of each row, int32 `[rows, count]`.
 * @returns `[rows, count]`, differentiable with respect to `states` alone.
 */
export function logSoftmaxOf(
  states: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
  words: tf.Tensor2D,
): tf.Tensor2D {
  const [rows, units] = states.shape;
  const count = words.shape[1];
  return withGradient<tf.Tensor2D>([states], (save) => {
    const logits = runOp<tf.Tensor2D>('BiasAdd', [matmul(states, weight, 'second'), bias], [float32]);
    const logProbabilities = runOp<tf.Tensor2D>('LogSoftmax', [logits], [float32]);
    const flat = tf.reshape(words, [rows * count]);
    save([logProbabilities, weight, flat]);
    const row = Int32Array.from({length: rows * count}, (_, at) => Math.floor(at / count));
    const places = tf.stack([tf.tensor1d(row, 'int32'), flat], 1);
    return {
      value: tf.reshape(tf.gatherND(logProbabilities, places), [rows, count]),
      gradient: (dy, saved) => {
        const [logProbabilities, weight, flat] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
        const ofWords = tf.reshape<tf.Rank.R3>(tf.gather(weight, flat), [rows, count, units]);
        const own = tf.reshape(tf.matMul(tf.reshape(dy, [rows, 1, count]), ofWords), [rows, units]);
        const expected = matmul(tf.exp(logProbabilities), weight);
        return tf.sub(own, tf.mul(expected, tf.sum(dy, 1, true)));
      },
    };
  });
}
