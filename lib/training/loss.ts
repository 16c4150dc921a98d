/**
 * The training loss: mean cross entropy of each word of the captions, given the image and the words before it. Padding is excluded,
 * both from the mean and from the computation.
 */
import type {Decoder, DropoutKey} from '../decoders/decoder';
import {bannedWords} from '../search/constraints';
import {CaptionerError} from '../errors';
import {sparseCrossEntropy} from '../ops/cross-entropy';
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {withGradient} from '../ops/with-gradient';

/** Options of the loss in training; evaluation has none. */
export interface LossOptions extends DropoutKey {
  /** The row of each caption's image in the features, if captions share images. @default each has its own */
  readonly images?: readonly number[];
  /** Probability mass that the target spreads evenly over all words instead of the correct one. @default 0 */
  readonly labelSmoothing?: number;
  /** Weight of each caption, negative to make it less likely; disables dropout. @default 1 for each */
  readonly shares?: readonly number[];
  /** Divisor of the logits. @default 1 */
  readonly temperature?: number;
}

/**
 * Mean cross entropy per word of captions, given the features of their images.
 *
 * @param features Image features, `[batch, depth]` or `[batch, cells, depth]`; or of fewer images, see `LossOptions.images`.
 * @param inputs Word ids, int32 `[batch, steps]`, from the start id on, padded with 0.
 * @param targets The next word at each step, int32 `[batch, steps]`, up to the end id, padded with 0.
 * @param training Absent: neither dropout nor smoothing (evaluation).
 * @returns A scalar, with `training` including the decoder's penalty; differentiable with respect to the decoder's weights. The caller
 *   disposes it.
 * @throws CaptionerError `mismatch` when a word id is outside the decoder's vocabulary; `shape`; `captions` when there is only padding.
 */
export function captionLoss(
  decoder: Decoder,
  features: tf.Tensor,
  inputs: tf.Tensor2D,
  targets: tf.Tensor2D,
  training?: LossOptions,
): tf.Scalar {
  const [batch, steps] = inputs.shape;
  const images = training?.images;
  const together = images ? images.length === batch : features.shape[0] === batch;
  if (targets.shape[0] !== batch || targets.shape[1] !== steps || !together) {
    const [i, t, f] = [inputs, targets, features].map(({shape}) => `[${shape.join(', ')}]`);
    const got = `inputs ${i}, targets ${t}, features ${f}`;
    throw new CaptionerError('shape', `Loss: expected one batch, got ${got}`);
  }
  checkIds('inputs', inputs.dataSync(), decoder.vocabulary);
  const words = targets.dataSync<'int32'>();
  checkIds('targets', words, decoder.vocabulary);
  const rows = Int32Array.from(words.keys()).filter((row) => words[row]! > 0);
  if (rows.length === 0)
    throw new CaptionerError('captions', 'Loss: expected words in the batch, got only padding');

  const shares = training?.shares;
  return tf.tidy(() => {
    // Sampled captions were written without dropout; with it the decoder would not be the one that wrote them.
    const dropout = shares ? undefined : training;
    const own = images && tf.tensor1d([...images], 'int32');
    const {states, penalty} = decoder.attend?.(features, inputs, dropout, own) ?? {
      states: decoder.states(features, inputs, dropout, own),
    };
    const units = states.shape[2];
    const kept = takeRows(tf.reshape(states, [batch * steps, units]), tf.tensor1d(rows, 'int32'));
    const next = tf.tensor1d(
      Int32Array.from(rows, (row) => words[row]!),
      'int32',
    );
    const {weight, bias} = decoder.output;
    // Sampling excludes banned words. If they were not excluded here too, the worse samples could become less likely by moving
    // probability to words that are never sampled.
    const allowed = shares ? tf.add(bias, tf.tensor1d(bannedWords(decoder.vocabulary, []))) : bias;
    const tempered = <R extends tf.Rank>(x: tf.Tensor): tf.Tensor<R> =>
      (training?.temperature === undefined ? x : tf.div(x, training.temperature)) as tf.Tensor<R>;
    const loss = sparseCrossEntropy(
      kept,
      tempered<tf.Rank.R2>(weight),
      tempered<tf.Rank.R1>(allowed),
      next,
      training?.labelSmoothing,
      shares && tf.tensor1d(Float32Array.from(rows, (row) => shares[Math.floor(row / steps)]!)),
    );
    // Validation reports the cross entropy alone. For sampled captions the penalty is left out too: their rewards would not counteract
    // it, and attention would spread evenly over the image.
    return training && !shares && penalty ? tf.add(loss, penalty) : loss;
  });
}

/**
 * The loss and its gradient with respect to every weight of the decoder.
 *
 * @param features As for `captionLoss`; or a function that computes them, if the encoder is trained too.
 * @param more Trained weights of the encoder.
 * @returns The loss, and gradients by the weights' names. The caller disposes the gradients.
 */
export function gradients(
  decoder: Decoder,
  features: tf.Tensor | (() => tf.Tensor),
  inputs: tf.Tensor2D,
  targets: tf.Tensor2D,
  training?: LossOptions,
  more: ReadonlyMap<string, tf.Variable> = new Map(),
): {loss: number; gradients: Map<string, tf.Tensor>} {
  const learning = new Map([...decoder.weights, ...more]);
  const {value, grads} = tf.variableGrads(() => {
    const seen = typeof features === 'function' ? features() : features;
    return captionLoss(decoder, seen, inputs, targets, training);
  }, [...learning.values()]);
  const loss = value.dataSync()[0]!;
  value.dispose();
  const named = new Map<string, tf.Tensor>();
  for (const [name, {name: inner}] of learning) if (grads[inner]) named.set(name, grads[inner]);
  return {loss, gradients: named};
}

/** Gathers rows of a matrix, each at most once, so that the gradient can scatter rows instead of adding them. */
function takeRows(x: tf.Tensor2D, rows: tf.Tensor1D): tf.Tensor2D {
  return withGradient<tf.Tensor2D>([x], (save) => {
    save([rows]);
    return {
      value: tf.gather(x, rows),
      gradient: (dy, saved) => {
        const places = tf.expandDims(saved[0]!, 1);
        const shape = tf.tensor1d(x.shape, 'int32');
        return runOp('ScatterNd', [places, dy, shape], [type('T', 'float32'), type('Tindices', 'int32')]);
      },
    };
  });
}

function checkIds(what: string, ids: ArrayLike<number>, vocabulary: number): void {
  for (let k = 0; k < ids.length; k++) {
    const id = ids[k]!;
    if (id < 0 || id >= vocabulary) {
      const expected = `expected word ids from 0 to ${vocabulary - 1}`;
      throw new CaptionerError('mismatch', `Loss: ${expected} in the ${what}, got ${id}`);
    }
  }
}
