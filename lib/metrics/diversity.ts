/** Diversity and novelty of captions, and warnings about obvious defects. */
import type {Words} from './statistics';
import {ngramList} from './ngrams';

export type Diversity = Readonly<Record<string, number>>;

/** Words that hardly ever end a complete sentence: one in two thousand human captions of Flickr8k ends in one. */
const danglingWords = new Set(
  'a an the of and or with to is are am at in for from into near upon before after as that his their its'.split(
    ' ',
  ),
);

/**
 * Measures the diversity of captions:
 * - `distinct-1`, `distinct-2`: distinct unigrams and bigrams divided by all (Li et al. 2016, arXiv 1510.03055).
 * - `repeated`: fraction of captions that occur more than once.
 * - `novel`: fraction of captions that don't occur in the training set.
 * - `vocabulary`: number of distinct words.
 * - `length`: mean number of words.
 *
 * @param captions Tokens of one caption per image, at least one caption.
 * @param training Tokens of the training captions. Absent: no `novel`.
 */
export function diversity(captions: readonly Words[], training?: readonly Words[]): Diversity {
  const distinct = (order: number): number => {
    const all = captions.flatMap((words) => ngramList(words, order));
    return all.length > 0 ? new Set(all).size / all.length : 0;
  };
  const counts = countSentences(captions);
  const repeated = [...counts.values()].filter((count) => count > 1).reduce((sum, count) => sum + count, 0);
  const known = training && new Set(training.map((words) => words.join(' ')));
  const novel = known && captions.filter((words) => !known.has(words.join(' '))).length / captions.length;
  return {
    'distinct-1': distinct(1),
    'distinct-2': distinct(2),
    'repeated': repeated / captions.length,
    ...(novel !== undefined && {novel}),
    'vocabulary': new Set(captions.flat()).size,
    'length': captions.reduce((sum, words) => sum + words.length, 0) / captions.length,
  };
}

/**
 * Returns warnings, one line each: if more than a tenth of the images have the same caption, if captions are empty, and if more than
 * one in two hundred ends in mid-sentence (`a dog in the`).
 */
export function captionWarnings(captions: readonly Words[]): string[] {
  const found: string[] = [];
  const [most] = [...countSentences(captions)].sort(([, a], [, b]) => b - a);
  if (most && most[1] > Math.max(1, captions.length / 10))
    found.push(`${most[1]} of ${captions.length} images have the same caption: "${most[0]}"`);
  const empty = captions.filter((words) => words.length === 0).length;
  if (empty > 0) found.push(`${empty} of ${captions.length} captions are empty`);
  const broken = captions.filter((words) => danglingWords.has(words.at(-1) ?? ''));
  if (broken.length > captions.length / 200)
    found.push(
      `${broken.length} of ${captions.length} captions end in mid-sentence, such as "… ${broken[0]!.slice(-3).join(' ')}"`,
    );
  return found;
}

function countSentences(captions: readonly Words[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const words of captions) {
    const sentence = words.join(' ');
    counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
  }
  return counts;
}
