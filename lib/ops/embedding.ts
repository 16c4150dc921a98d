/** Rows looked up by number, such as the embedding of each word, with a gradient that is summed by row in one op. */
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {withGradient} from './with-gradient';

const segments = [type('T', 'float32'), type('Tindices', 'int32'), type('Tnumsegments', 'int32')];

/**
 * Looks up the embedding of each id.
 *
 * @param table `[vocabulary, embedding]`, or rows of any other shape.
 * @param ids int32, of any shape; each below `vocabulary`.
 * @returns `[...ids.shape, embedding]`, differentiable with respect to `table`.
 */
export function embed(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const [vocabulary, ...embedding] = table.shape as [number, ...number[]];
  return withGradient([table], (save) => {
    save([ids]);
    return {
      value: tf.gather(table, ids),
      gradient: (dy, saved) => {
        const words = tf.reshape(saved[0]!, [ids.size]);
        const rows = tf.reshape(dy, [ids.size, ...embedding]);
        return runOp('UnsortedSegmentSum', [rows, words, tf.scalar(vocabulary, 'int32')], segments);
      },
    };
  });
}

/**
 * Returns the embeddings of a batch's words with the steps first.
 *
 * @param table `[vocabulary, embedding]`
 * @param words Ids, int32 `[batch, steps]`, or their embeddings, float32 `[batch, steps, embedding]`.
 * @returns `[steps, batch, embedding]`, differentiable with respect to `table`, or to the embeddings.
 */
export function embedStepsFirst(table: tf.Tensor, words: tf.Tensor2D | tf.Tensor3D): tf.Tensor3D {
  return (
    words.rank === 3 ? tf.transpose(words, [1, 0, 2]) : embed(table, stepsFirst(words as tf.Tensor2D))
  ) as tf.Tensor3D;
}

/**
 * Transposes word ids, `[batch, steps]` to `[steps, batch]`. By a gather: inside a compiled function TensorFlow would hand a transposition of
 * integers to oneDNN, which prints that it can't.
 */
export function stepsFirst(ids: tf.Tensor2D): tf.Tensor2D {
  const [batch, steps] = ids.shape;
  return tf.tidy(() => {
    const order = Int32Array.from(
      {length: batch * steps},
      (_, at) => (at % batch) * steps + Math.floor(at / batch),
    );
    return tf.gather<tf.Tensor>(
      tf.reshape(ids, [batch * steps]),
      tf.tensor2d(order, [steps, batch], 'int32'),
    ) as tf.Tensor2D;
  });
}
