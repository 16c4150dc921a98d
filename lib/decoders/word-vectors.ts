/** Initialises a decoder's word embeddings with pretrained word vectors, which training then fine-tunes. */
import {CaptionerError} from '../errors';
import {tf} from '../tensorflow/tensorflow';
import type {WordVectors} from '../text/word-vectors';
import type {Decoder} from './decoder';
import {optionsOf} from './registry';

/**
 * Copies word vectors into a decoder's `embedding`. Vectors are not rescaled, so they may be larger than the initial values that words
 * without a vector keep.
 *
 * @param wordVectors Size of the vectors, and the vectors by word id.
 * @throws CaptionerError `options` when the decoder has no embedding or one of another size; `mismatch` when a word id is not in the
 *   decoder's vocabulary.
 */
export function setWordVectors(
  decoder: Decoder,
  {size, vectors}: Pick<WordVectors, 'size' | 'vectors'>,
): void {
  const embeddings = decoder.weights.get('embedding');
  if (embeddings === undefined)
    throw new CaptionerError(
      'options',
      `Word vectors: expected a decoder with a weight "embedding", got "${decoder.kind}" without one`,
    );
  const [rows, embedding] = embeddings.shape as [number, number];
  if (embedding !== size)
    throw new CaptionerError(
      'options',
      `${decoder.kind} decoder: \`${wordSizeOption(decoder.kind)}\`: expected ${size}, the size of the word vectors, got ${embedding}`,
    );
  const values = embeddings.dataSync<'float32'>().slice();
  for (const [id, vector] of vectors) {
    if (id < 0 || id >= rows)
      throw new CaptionerError(
        'mismatch',
        `Word vectors: expected word ids from 0 to ${rows - 1}, got ${id}`,
      );
    values.set(vector, id * size);
  }
  tf.tidy(() => embeddings.assign(tf.tensor(values, embeddings.shape)));
}

/** Returns the option that sets the size of a decoder's word embeddings: `embedding`, or `units` where one size applies to all. */
export function wordSizeOption(kind: string): 'embedding' | 'units' {
  return optionsOf(kind).includes('embedding') ? 'embedding' : 'units';
}
