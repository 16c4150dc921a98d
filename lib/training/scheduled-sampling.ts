/**
 * Scheduled sampling (Bengio et al. 2015, arXiv 1506.03099): some input words are the decoder's own predictions instead of the
 * reference's, as in captioning. All are predicted at once, in a first pass over the references (Mihaylova and Martins 2019,
 * arXiv 1906.07651), so that it works the same for every decoder.
 */
import type {Decoder} from '../decoders/decoder';
import {bannedWords} from '../search/constraints';
import {tf} from '../tensorflow/tensorflow';
import {uniform} from '../ops/random';
import {mix} from '../random/random';
import {special} from '../text/vocabulary';

/** Separates these random numbers from those of dropout, which have the same seed. */
const stream = 0x5c4e;

export interface OwnWordsInputs {
  readonly features: tf.Tensor;
  /** Word ids of the references, int32 `[batch, steps]`. */
  readonly inputs: tf.Tensor2D;
  readonly images?: tf.Tensor1D | undefined;
  /** Fraction of words to replace, 0 to 1; the start is never replaced. */
  readonly ownWords?: tf.Scalar | undefined;
  /** Number of the training step, int32. */
  readonly step?: tf.Scalar | undefined;
}

/**
 * Replaces input words by the decoder's own predictions. A pure function of tensors.
 *
 * @returns The inputs, int32 `[batch, steps]`. The caller disposes them.
 */
export function withOwnWords(
  decoder: Decoder,
  {features, inputs, images, ownWords, step}: OwnWordsInputs,
  seed: number,
): tf.Tensor2D {
  const [size, steps] = inputs.shape;
  return tf.tidy(() => {
    // Only words that a caption can continue from.
    const allowed = tf.tensor1d(bannedWords(decoder.vocabulary, [special.end]));
    const logits = tf.add(decoder.logits(features, inputs, images), allowed);
    // The argmax of logits with Gumbel noise is a sample from their softmax.
    const noise = tf.neg(tf.log(tf.neg(tf.log(uniform(logits.shape, [mix(seed, stream), step!]).add(1e-9)))));
    const written = tf.cast(tf.argMax(tf.add(logits, noise), 2), 'float32'); // floats, which select on a GPU
    const before = tf.concat([tf.zeros([size, 1]), tf.slice(written, 0, [size, steps - 1])], 1);
    const dice = uniform([size, steps], [mix(seed, stream + 1), step!]);
    const later = tf.tensor2d(
      Uint8Array.from({length: steps}, (_, at) => (at > 0 ? 1 : 0)),
      [1, steps],
      'bool',
    );
    const words = tf.cast(inputs, 'float32');
    const chosen = tf.logicalAnd(tf.logicalAnd(tf.greater(words, 0), later), tf.less(dice, ownWords!));
    return tf.cast(tf.where(chosen, before, words), 'int32') as tf.Tensor2D;
  });
}
