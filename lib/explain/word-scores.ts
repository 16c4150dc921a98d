/** The scores of a caption's words as functions of image features and word embeddings, and their gradients. */
import type {StepDecoder} from '../decoders/decoder';
import {oneHotRows} from '../ops/one-hot';
import {pullback} from '../tensorflow/pullback';
import {tf} from '../tensorflow/tensorflow';

/** The words whose scores are computed. */
export interface ScoredWords {
  /**
   * The words of the caption, int32 `[1, steps]`. With a second row, the score is the difference of two log-probabilities: of the
   * first row's word and of the second's.
   */
  readonly tokens: tf.Tensor2D;
  /** Positions in the caption, int32 `[words]`. */
  readonly positions: tf.Tensor1D;
}

/**
 * Computes the log-probability of each word, given the image and the words before it.
 *
 * @param features `[batch, …]`, as the decoder reads them.
 * @param embeddings Embeddings of the start id and of the caption's words but the last, `[batch, steps, embedding]`.
 * @returns `[batch, words]`, differentiable with respect to features and embeddings. The caller disposes it.
 */
export function wordScores(
  decoder: StepDecoder,
  features: tf.Tensor,
  embeddings: tf.Tensor3D,
  words: ScoredWords,
): tf.Tensor2D {
  return tf.tidy(() => selectWords(decoder.logProbabilities(features, embeddings, words.tokens), words));
}

/**
 * Takes the scores of the chosen words.
 *
 * @param all Log-probabilities of the words at every step, `[batch, steps, count]`.
 * @returns `[batch, words]`. The caller disposes it.
 */
export function selectWords(all: tf.Tensor3D, {positions}: ScoredWords): tf.Tensor2D {
  const [batch, steps, count] = all.shape;
  return tf.tidy(() => {
    const ofRow = (row: number): tf.Tensor2D =>
      tf.reshape(tf.slice(all, [0, 0, row], [batch, steps, 1]), [batch, steps]);
    const scores: tf.Tensor2D = count > 1 ? tf.sub(ofRow(0), ofRow(1)) : ofRow(0);
    const chosen = oneHotRows(positions, steps);
    return tf.matMul(scores, chosen, false, true);
  });
}

/** Gradients of scores. The caller disposes both. */
export interface ScoreGradients {
  /** Same shape as the features. */
  readonly features: tf.Tensor;
  /** `[batch, steps, embedding]` */
  readonly embeddings: tf.Tensor3D;
}

/**
 * Computes the gradient of each word's score; parameters as for `wordScores`.
 *
 * @returns By word. The decoder runs forward once for all.
 */
export function scoreGradients(
  decoder: StepDecoder,
  features: tf.Tensor,
  embeddings: tf.Tensor3D,
  words: ScoredWords,
): ScoreGradients[] {
  const [batch, count] = [embeddings.shape[0], words.positions.size];
  return tf.tidy(() => {
    const scores = (features: tf.Tensor, embeddings: tf.Tensor): tf.Tensor =>
      wordScores(decoder, features, embeddings as tf.Tensor3D, words);
    const each = Array.from({length: count}, (_, word) => {
      const chosen = new Float32Array(count);
      chosen[word] = 1;
      return tf.tile(tf.tensor2d(chosen, [1, count]), [batch, 1]);
    });
    return pullback(scores, [features, embeddings], each).map(([dFeatures, dEmbeddings]) => ({
      features: dFeatures!,
      embeddings: dEmbeddings as tf.Tensor3D,
    }));
  });
}
