/** ROUGE-L (Lin 2004), based on the longest common subsequence, as in the COCO caption evaluation. */
import {checkPairs, mean, type MetricStatistics, type Words} from './statistics';

/** Weight of recall relative to precision in the F measure. */
const beta = 1.2;

/**
 * Computes ROUGE-L, from 0 to 1: the F measure of the best precision and the best recall over an image's references. The corpus score
 * is the mean over images. An empty caption counts as one empty word, as in the COCO evaluation.
 *
 * @throws CaptionerError `captions`
 */
export function rougeL(
  candidates: readonly Words[],
  references: readonly (readonly Words[])[],
): MetricStatistics {
  checkPairs(candidates, references);
  const filled = (words: Words): Words => (words.length > 0 ? words : ['']);
  return mean(
    'ROUGE-L',
    candidates.map((candidate, at) => score(filled(candidate), references[at]!.map(filled))),
  );
}

function score(candidate: Words, references: readonly Words[]): number {
  let precision = 0;
  let recall = 0;
  for (const reference of references) {
    const common = commonLength(candidate, reference);
    precision = Math.max(precision, common / candidate.length);
    recall = Math.max(recall, common / reference.length);
  }
  if (precision === 0 || recall === 0) return 0;
  return ((1 + beta ** 2) * precision * recall) / (recall + beta ** 2 * precision);
}

/** Length of the longest common subsequence. */
function commonLength(a: Words, b: Words): number {
  let previous = new Uint32Array(b.length + 1);
  let current = new Uint32Array(b.length + 1);
  for (const word of a) {
    for (let at = 0; at < b.length; at++)
      current[at + 1] = word === b[at] ? previous[at]! + 1 : Math.max(previous[at + 1]!, current[at]!);
    [previous, current] = [current, previous];
  }
  return previous[b.length]!;
}
