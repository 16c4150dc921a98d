/** Gives a trained decoder more words: new rows of the embedding and of the output layer. All it has learnt stays. */
import {tf} from '../tensorflow/tensorflow';
import type {Decoder} from './decoder';
import {createDecoder} from './registry';

/** Weights with a row for each word. */
const byWord = new Set(['embedding', 'output.weight', 'output.bias']);

/**
 * Returns a decoder like another one, for a larger vocabulary. New rows have initial values, all other weights are copied.
 *
 * @param vocabulary Size of the larger vocabulary, whose first ids are those of the decoder's.
 * @returns A new decoder; the caller disposes both.
 */
export function withVocabulary(decoder: Decoder, vocabulary: number): Decoder {
  const larger = createDecoder(decoder.kind, vocabulary, decoder.depth, decoder.options);
  for (const [name, weight] of larger.weights) {
    const known = decoder.weights.get(name)!;
    tf.tidy(() => {
      const rows = byWord.has(name) ? weight.slice([decoder.vocabulary]) : undefined;
      weight.assign(rows ? tf.concat([known, rows]) : known.clone());
    });
  }
  for (const [name, statistic] of larger.featureNormalization)
    tf.tidy(() => statistic.assign(decoder.featureNormalization.get(name)!.clone()));
  return larger;
}
