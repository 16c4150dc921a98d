/** ROUGE-L (Lin 2004): the longest common subsequence, as the COCO caption evaluation weighs it. */
import {checkPairs, mean, type MetricStatistics, type Words} from './statistics';

/** How much more recall weighs than precision. */
const beta = 1.2;

/**
 * Of ROUGE-L, 0 to 1: the F measure of the best precision and the best recall over an image's references, and their mean
 * over images. An empty caption counts as one empty word, as in the COCO evaluation.
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
  let before = new Uint32Array(b.length + 1);
  let now = new Uint32Array(b.length + 1);
  for (const word of a) {
    for (let at = 0; at < b.length; at++)
      now[at + 1] = word === b[at] ? before[at]! + 1 : Math.max(before[at + 1]!, now[at]!);
    [before, now] = [now, before];
  }
  return before[b.length]!;
}
