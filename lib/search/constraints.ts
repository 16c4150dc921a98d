/** Constraints on captions that search and sampling share: length and suppressed words. */
import {CaptionerError} from '../errors';
import {special} from '../text/vocabulary';

export type {Limits} from '../option-types';

/**
 * Returns the mask to add to log-probabilities, `[vocabulary]`: -∞ for words that are never written, which are padding, start, unknown
 * and the suppressed words; 0 for all others.
 *
 * @param suppressWords Ids of further words to suppress.
 * @throws CaptionerError `options` for an id outside the vocabulary.
 */
export function bannedWords(vocabulary: number, suppressWords: readonly number[]): Float32Array {
  const outside = suppressWords.find((id) => id >= vocabulary);
  if (outside !== undefined)
    throw new CaptionerError(
      'options',
      `\`suppressWords\`: expected ids from 0 to ${vocabulary - 1}, got ${outside}`,
    );
  const mask = new Float32Array(vocabulary);
  for (const id of [special.padding, special.start, special.unknown, ...suppressWords])
    if (id < vocabulary) mask[id] = -Infinity;
  return mask;
}
