/** What a caption may be at all, however it is found: how long, and of which words. */
import {CaptionerError} from '../errors';
import {special} from '../text/vocabulary';

export type {Limits} from '../option-types';

/**
 * What is added to log-probabilities: nothing, or -∞ for what is never written, which are padding, the start, the word that
 * stands for all unknown ones, and what the user bans.
 *
 * @throws CaptionerError `options`
 */
export function bannedWords(vocabulary: number, more: readonly number[]): Float32Array {
  const unknown = more.find((id) => id >= vocabulary);
  if (unknown !== undefined)
    throw new CaptionerError(
      'options',
      `\`suppressWords\`: expected ids from 0 to ${vocabulary - 1}, got ${unknown}`,
    );
  const penalties = new Float32Array(vocabulary);
  for (const id of [special.padding, special.start, special.unknown, ...more])
    if (id < vocabulary) penalties[id] = -Infinity;
  return penalties;
}
