/** Scores by word: which images get good captions and which do not, grouped by the words that most of their references contain. */
import {throwIfStopped} from '../interrupt';
import {metricTokens} from '../text/metric-tokens';

/** The mean score of the images that a word describes. */
export interface WordScore {
  readonly word: string;
  /** Number of images. */
  readonly images: number;
  /** Mean score of the images. */
  readonly score: number;
}

/** Options of `scoresByWord`. */
export interface WordScoreOptions {
  /** Fraction of an image's references that must contain the word. @default 0.6 */
  readonly agreed?: number;
  /** Minimum number of images per word. @default 1.5 % of all, at least 2 */
  readonly least?: number;
}

/** Words that say nothing about what is in an image. */
export const functionWords: ReadonlySet<string> = new Set(
  (
    'a an the and or but of in on at by to from for with without into onto over under up down out off through across along around ' +
    'near next behind before after above below while as is are be being was has have having it its he his him she her they ' +
    'their them that this these there who which what some one another other something someone s'
  ).split(' '),
);

/**
 * Averages the scores of images by the words that their references agree on.
 *
 * @param images Images with their references.
 * @param scores Score of each image's caption, such as CIDEr-D.
 * @returns The words with their scores, the best first.
 */
export function scoresByWord(
  images: readonly {readonly captions: readonly string[]}[],
  scores: readonly number[],
  {agreed = 0.6, least = Math.max(2, 0.015 * images.length)}: WordScoreOptions = {},
): WordScore[] {
  const found = new Map<string, number[]>();
  for (const [at, {captions}] of images.entries()) {
    throwIfStopped('while averaging scores by word');
    const counts = new Map<string, number>();
    for (const word of captions.flatMap((caption) => [...new Set(metricTokens(caption))]))
      counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const [word, count] of counts)
      if (count >= agreed * captions.length && !functionWords.has(word))
        found.set(word, [...(found.get(word) ?? []), scores[at]!]);
  }
  return [...found]
    .filter(([, own]) => own.length >= least)
    .map(([word, own]) => ({
      word,
      images: own.length,
      score: own.reduce((sum, score) => sum + score, 0) / own.length,
    }))
    .sort((a, b) => b.score - a.score || (a.word < b.word ? -1 : 1));
}
