/** What a caption may be at all, however it is found: how long, and of which words. */
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
