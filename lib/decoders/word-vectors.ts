/** Word vectors that others have learnt, as the first values of a decoder's own: it goes on learning them. */
import {CaptionerError} from '../errors';
import {tf} from '../tensorflow/tensorflow';
import type {WordVectors} from '../text/word-vectors';
import type {Decoder} from './decoder';
import {optionsOf} from './registry';

/**
 * Puts vectors into the rows of a decoder's weight `embedding`, as they are: nothing is scaled, so they may be louder than the
 * first values that words without a vector keep.
 *
 * @param vectors Of the decoder's vocabulary.
 * @throws CaptionerError `options` when the decoder's words have another size, or no vectors that could be replaced;
 *   `mismatch` when a word id is not the decoder's.
 */
export function setWordVectors(
  decoder: Decoder,
  {size, vectors}: Pick<WordVectors, 'size' | 'vectors'>,
): void {
  const table = decoder.weights.get('embedding');
  if (table === undefined)
    throw new CaptionerError(
      'options',
      `A decoder "${decoder.kind}" has no weight "embedding" for word vectors`,
    );
  const [rows, embedding] = table.shape as [number, number];
  if (embedding !== size)
    throw new CaptionerError(
      'options',
      `${decoder.kind} decoder: \`${wordSizeOption(decoder.kind)}\`: expected ${size}, the size of the word vectors, got ${embedding}`,
    );
  const numbers = table.dataSync<'float32'>().slice();
  for (const [id, vector] of vectors) {
    if (id < 0 || id >= rows)
      throw new CaptionerError(
        'mismatch',
        `Word vectors: expected word ids from 0 to ${rows - 1}, got ${id}`,
      );
    numbers.set(vector, id * size);
  }
  tf.tidy(() => table.assign(tf.tensor(numbers, table.shape)));
}

/** The option of a kind of decoder that is the size of its words: where it has none of their own, all is of one size. */
export function wordSizeOption(kind: string): 'embedding' | 'units' {
  return optionsOf(kind).includes('embedding') ? 'embedding' : 'units';
}
