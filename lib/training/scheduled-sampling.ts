/**
 * Scheduled sampling (Bengio et al. 2015, arXiv 1506.03099): some input words are the decoder's own predictions instead of the
 * reference's, as in captioning. All are predicted at once, in a first pass over the references (Mihaylova and Martins 2019,
 * arXiv 1906.07651), so that it works the same for every decoder.
 */
import type {Batch} from './batches';
import type {Decoder} from '../decoders/decoder';
import {bannedWords} from '../search/constraints';
import {tf} from '../tensorflow/tensorflow';
import {uniform} from '../ops/random';
import {mix, type DropoutKey} from '../random/random';
import {special} from '../text/vocabulary';

/** Separates these random numbers from those of dropout, which have the same seed. */
const stream = 0x5c4e;

/**
 * Replaces input words by the decoder's own predictions.
 *
 * @param share Fraction of words to replace, 0 to 1; the start is never replaced.
 * @returns The batch with other inputs; its targets are unchanged.
 */
export function withOwnWords(
  decoder: Decoder,
  features: tf.Tensor,
  batch: Batch,
  share: number,
  {seed, step}: DropoutKey,
): Batch {
  if (share === 0) return batch;
  const {inputs, size, steps} = batch;
  const [written, dice] = tf.tidy(() => {
    // Only words that a caption can continue from.
    const allowed = tf.tensor1d(bannedWords(decoder.vocabulary, [special.end]));
    const logits = tf.add(decoder.logits(features, tf.tensor2d(inputs, [size, steps], 'int32')), allowed);
    // The argmax of logits with Gumbel noise is a sample from their softmax.
    const noise = tf.neg(tf.log(tf.neg(tf.log(uniform(logits.shape, [mix(seed, stream), step]).add(1e-9)))));
    const chosen = uniform([size, steps], [mix(seed, stream + 1), step]);
    return [tf.argMax(tf.add(logits, noise), 2).dataSync<'int32'>(), chosen.dataSync<'float32'>()] as const;
  });
  const mixed = inputs.map((word, at) =>
    word > 0 && at % steps > 0 && dice[at]! < share ? written[at - 1]! : word,
  );
  return {...batch, inputs: mixed};
}
