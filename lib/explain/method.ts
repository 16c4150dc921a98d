/** The interface of a method of explanation: a description, options, and a generator that computes values for each word. */
import {z} from 'zod';
import type {OptionGroup} from '../option-group';
import type {CaptionModel} from './caption-model';
import type {WordInfluence, WordMaps} from './explanation';

/** The kind of thing that has a value in a method's maps. */
export type FeatureKind = 'pixels' | 'cells' | 'regions';

/** The values that a method found. */
export interface Attribution {
  readonly image: WordMaps;
  readonly previousWords?: WordInfluence;
  /** See `Explanation.delta`. */
  readonly delta?: Float32Array;
}

/** A method of explanation. */
export interface Method<Settings = unknown> {
  /** Its name, the one of Captum where that has the method. */
  readonly name: string;
  /** Its name as a title. */
  readonly title: string;
  /** A one-line description. */
  readonly about: string;
  /** The paper that introduced it. */
  readonly source: string;
  /** Whether the values sum to the change of the score, so that there is a `delta`. */
  readonly complete: boolean;
  readonly features: FeatureKind;
  /** Whether it compares images with parts hidden. The words before are then left out one by one, see `wordAblation`. */
  readonly perturbs?: boolean;
  readonly options: OptionGroup<Settings>;
  /**
   * Estimates the forward and backward passes, for the display of progress.
   *
   * @param words Number of explained words.
   */
  passes(words: number, settings: Settings): number;
  /** Computes the values; pauses between batches, so that other events get through and the work can be stopped. */
  compute(model: CaptionModel, settings: Settings): Generator<void, Attribution, void>;
}

/** The options of a method that has none. */
export type NoOptions = Readonly<Record<never, never>>;

/** The empty group of options of a method. */
export function noOptions(method: string): OptionGroup<NoOptions> {
  const about = `The method \`${method}\` has no options.`;
  return {owner: `${method} method`, type: 'NoOptions', about, names: [], schema: z.strictObject({})};
}

/** Maps of as many words, from one array for each. */
export function wordMaps(maps: readonly ArrayLike<number>[], height: number, width: number): WordMaps {
  return {values: joined(maps), shape: [maps.length, height, width]};
}

/**
 * The influence of words on each other, from one array for each explained word.
 *
 * @param rows For each explained word the influence of what the decoder reads: of the start id, then of the words.
 */
export function wordInfluence(
  rows: readonly ArrayLike<number>[],
  positions: readonly number[],
): WordInfluence {
  const caption = rows[0]!.length;
  const shifted = rows.map((row, at) =>
    Float32Array.from({length: caption}, (_, word) => (word < positions[at]! ? row[word + 1]! : 0)),
  );
  return {values: joined(shifted), shape: [rows.length, caption]};
}

function joined(parts: readonly ArrayLike<number>[]): Float32Array {
  const [length] = [parts[0]!.length];
  const all = new Float32Array(parts.length * length);
  for (const [at, part] of parts.entries()) all.set(part, at * length);
  return all;
}
