/** Constraints on captions that search and sampling share: length and suppressed words. */
import {z} from 'zod';
import {CaptionerError} from '../errors';
import {special} from '../text/vocabulary';

export interface Limits {
  /** Words in a caption at least, unless the decoder has no other way to go on than to end. @default 0 */
  readonly minimumLength?: number;
  /** Words in a caption at most. @default 24 */
  readonly maximumLength?: number;
  /** Ids of words that are never written. @default [] */
  readonly suppressWords?: readonly number[];
}

/** Their part of a schema. */
export const constraintFields: {
  readonly minimumLength: z.ZodDefault<z.ZodInt>;
  readonly maximumLength: z.ZodDefault<z.ZodInt>;
  readonly suppressWords: z.ZodDefault<z.ZodArray<z.ZodInt>>;
} = {
  minimumLength: z.int().min(0).max(200).default(0),
  maximumLength: z.int().min(1).max(200).default(24),
  suppressWords: z.array(z.int().min(0)).default([]),
};

type Lengths = Readonly<Record<'minimumLength' | 'maximumLength', number>>;

/** What `limits` can't say of one option alone, for `refine`. */
export const lengthsFit: readonly [(lengths: Lengths) => boolean, {path: string[]; message: string}] = [
  ({minimumLength, maximumLength}) => minimumLength <= maximumLength,
  {path: ['minimumLength'], message: 'expected at most `maximumLength`'},
];

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
