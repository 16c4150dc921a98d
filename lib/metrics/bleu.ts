/**
 * BLEU (Papineni et al. 2002) as in the COCO caption evaluation: n-gram counts clipped to their maximum over the references, the
 * closest reference length for the brevity penalty, and tiny constants against division by zero.
 */
import {checkPairs, type MetricStatistics, type Words} from './statistics';
import {ngrams, ngramList} from './ngrams';

const orders = [1, 2, 3, 4] as const;
const tiny = 1e-15;
const small = 1e-9;

/**
 * Computes BLEU-1 to BLEU-4, each from 0 to 1. The statistics that add up over images are the lengths of candidates and closest
 * references and, for each order, the numbers of matching and of all n-grams.
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

/** Returns the length closest to the candidate's; of two equally close ones, the shorter. */
function closest(length: number, lengths: readonly number[]): number {
  return lengths.reduce((best, other) => {
    const [a, b] = [Math.abs(other - length), Math.abs(best - length)];
    return a < b || (a === b && other < best) ? other : best;
  });
}
