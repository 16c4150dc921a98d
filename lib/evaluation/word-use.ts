/** Compares the words of captions with those that people use: which words captions repeat, and which they invent. */
import {metricTokens} from '../text/metric-tokens';
import {functionWords} from './scores-by-word';

/** Shares of captions and of people that use a word. */
export interface WordUse {
  readonly word: string;
  /** Fraction of the captions that have it. */
  readonly captions: number;
  /** Fraction of the references that have it. */
  readonly references: number;
  /** Fraction of the captions with this word whose image has no reference with it. */
  readonly unsupported: number;
}

/**
 * Counts the words of captions and of the references of the same images, function words aside.
 *
 * @param captions One for each image.
 * @returns Every word that a caption has, first those that captions use most often beyond what people do.
 */
export function wordUse(
  captions: readonly string[],
  images: readonly {readonly captions: readonly string[]}[],
): WordUse[] {
  const references = images.map((image) => image.captions.map(wordsOf));
  const all = references.flat();
  const spoken = new Map<string, number>();
  for (const words of all) for (const word of words) spoken.set(word, (spoken.get(word) ?? 0) + 1);
  const found = new Map<string, {used: number; unsupported: number}>();
  for (const [at, caption] of captions.entries())
    for (const word of wordsOf(caption)) {
      const count = found.get(word) ?? {used: 0, unsupported: 0};
      count.used++;
      if (!references[at]!.some((words) => words.has(word))) count.unsupported++;
      found.set(word, count);
    }
  return [...found]
    .map(([word, {used, unsupported}]) => ({
      word,
      captions: used / captions.length,
      references: (spoken.get(word) ?? 0) / all.length,
      unsupported: unsupported / used,
    }))
    .sort((a, b) => b.captions - b.references - (a.captions - a.references) || (a.word < b.word ? -1 : 1));
}

function wordsOf(caption: string): Set<string> {
  return new Set(metricTokens(caption).filter((word) => !functionWords.has(word)));
}
