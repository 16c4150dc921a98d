/**
 * BLEU (Papineni et al. 2002) as the COCO caption evaluation computes it: n-gram counts clipped by the reference that has
 * most of them, the reference length closest to the candidate's, and tiny constants where a count is 0.
 */
import {checkPairs, type MetricStatistics, type Words} from './statistics';
import {ngrams, ngramList} from './ngrams';

const orders = [1, 2, 3, 4] as const;
const tiny = 1e-15;
const small = 1e-9;

/**
 * Of BLEU with n-grams up to 1, 2, 3 and 4, each 0 to 1. What adds up over images are the lengths of candidates and closest
 * references, and for each order the n-grams that are correct and that are there.
 *
 * @throws CaptionerError `captions`
 */
export function bleu(
  candidates: readonly Words[],
  references: readonly (readonly Words[])[],
): MetricStatistics {
  checkPairs(candidates, references);
  return {
    names: orders.map((order) => `BLEU-${order}`),
    statistics: candidates.map((candidate, at) => count(candidate, references[at]!)),
    scores,
  };
}

function count(candidate: Words, references: readonly Words[]): Float64Array {
  const length = ngramList(candidate, 1).length;
  const lengths = references.map((words) => ngramList(words, 1).length);
  const statistics = Float64Array.of(length, closest(length, lengths), 0, 0, 0, 0, 0, 0, 0, 0);
  for (const [k, order] of orders.entries()) {
    const most = new Map<string, number>();
    for (const reference of references)
      for (const [gram, times] of ngrams(reference, order))
        most.set(gram, Math.max(times, most.get(gram) ?? 0));
    for (const [gram, times] of ngrams(candidate, order))
      statistics[2 + k]! += Math.min(times, most.get(gram) ?? 0);
    statistics[6 + k] = Math.max(0, length - order + 1);
  }
  return statistics;
}

function scores(total: Float64Array): number[] {
  const ratio = (total[0]! + tiny) / (total[1]! + small);
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  return orders.map((order, k) => {
    product *= (total[2 + k]! + tiny) / (total[6 + k]! + small);
    return product ** (1 / order) * brevity;
  });
}

/** The length closest to the candidate's, the shorter of two that are as close. */
function closest(length: number, lengths: readonly number[]): number {
  return lengths.reduce((best, other) => {
    const [a, b] = [Math.abs(other - length), Math.abs(best - length)];
    return a < b || (a === b && other < best) ? other : best;
  });
}
