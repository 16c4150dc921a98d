/** Chooses the words that a training has a vocabulary for, and checks that they suffice. */
import type {Captions} from '../datasets/image-list';
import {counted, grouped} from '../description';
import {CaptionerError} from '../errors';
import {tokenize} from '../text/tokenizer';
import {countWords, special, type Vocabulary} from '../text/vocabulary';

/** How well a vocabulary and a maximum length suit the training captions. */
export interface TrainingWords {
  /** Words in the vocabulary. */
  readonly words: number;
  /** Words that were added to those of a checkpoint. */
  readonly added: number;
  /** Distinct words in the training captions. */
  readonly distinct: number;
  /** Fraction of the running words that are not in the vocabulary. */
  readonly unknown: number;
  readonly captions: number;
  /** Captions that are cut off. */
  readonly cut: number;
  readonly maximumLength: number;
}

/** Fractions of unknown words and of captions that are cut off: more than `told` are told of, more than `refused` are refused. */
export const tolerances = {told: 0.05, refused: 0.2} as const;

/**
 * Returns the minimum count that suits a number of captions: 1 below 1,000, 3 below 10,000, else 5; lower where more than 5 % of the running
 * words would be unknown.
 *
 * @param known Vocabulary that has words already.
 */
export function suitedMinimumCount(captions: Captions, known?: Vocabulary): number {
  const all = [...countWords(captions)];
  const counts = all.filter(([word]) => !known?.has(word)).map(([, count]) => count);
  const running = all.reduce((sum, [, count]) => sum + count, 0);
  let minimum = captions.length < 1000 ? 1 : captions.length < 10_000 ? 3 : 5;
  const rare = (): number => counts.reduce((sum, count) => sum + (count < minimum ? count : 0), 0);
  while (minimum > 1 && rare() > tolerances.told * running) minimum--;
  return minimum;
}

/** Returns the words of captions that a vocabulary lacks, the most frequent first. */
export function newWords(captions: Iterable<string>, vocabulary: Vocabulary, minimumCount: number): string[] {
  return [...countWords(captions)]
    .filter(([word, count]) => count >= minimumCount && !vocabulary.has(word))
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([word]) => word);
}

/** Measures how well a vocabulary and a maximum length suit captions. */
export function measureWords(
  captions: Captions,
  vocabulary: Vocabulary,
  {maximumLength, added = 0}: {readonly maximumLength: number; readonly added?: number},
): TrainingWords {
  const distinct = new Set<string>();
  let [running, unknown, cut] = [0, 0, 0];
  for (const caption of captions) {
    const words = tokenize(caption);
    if (words.length > maximumLength) cut++;
    running += words.length;
    for (const word of words) {
      distinct.add(word);
      if (!vocabulary.has(word)) unknown++;
    }
  }
  return {
    words: vocabulary.size - Object.keys(special).length,
    added,
    distinct: distinct.size,
    unknown: running === 0 ? 0 : unknown / running,
    captions: captions.length,
    cut,
    maximumLength,
  };
}

/** Describes them in a line: `vocabulary: 39 words of 39, 0 % of the text unknown; 0 of 14 captions cut off after 24 words`. */
export function describeWords({
  words,
  added,
  distinct,
  unknown,
  captions,
  cut,
  ...rest
}: TrainingWords): string {
  const more = added > 0 ? ` (${grouped(added)} of them new)` : '';
  return `vocabulary: ${counted(words, 'word')}${more}; the training captions use ${grouped(distinct)}, ${percent(unknown)} of their text is unknown; ${grouped(cut)} of ${counted(captions, 'caption')} cut off after ${rest.maximumLength} words`;
}

/**
 * Refuses to train where much would be missing.
 *
 * @param given The maximum length, if it was given: then captions are meant to be cut off.
 * @throws CaptionerError `options`
 */
export function checkWords(
  {words, distinct, unknown, cut, captions, maximumLength}: TrainingWords,
  given: {readonly maximumLength?: number | undefined},
): void {
  if (unknown > tolerances.refused)
    throw new CaptionerError(
      'options',
      `Expected at most 20 % of the training captions' text to be unknown words, got ${percent(unknown)}: the vocabulary has ${counted(words, 'word')}, the captions use ${grouped(distinct)}; choose a lower \`minimumCount\` (--minimum-count 1)`,
    );
  if (cut > tolerances.refused * captions && given.maximumLength === undefined)
    throw new CaptionerError(
      'options',
      `Expected at most 20 % of the training captions to be cut off after ${maximumLength} words, got ${grouped(cut)} of ${grouped(captions)}; choose a greater \`maximumLength\` (--set maximumLength=N), or the same to cut them off`,
    );
}

export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(fraction > 0 && fraction < 0.1 ? 1 : 0)} %`;
}
