/**
 * BLEU (Papineni et al. 2002) of a whole corpus as the COCO caption evaluation computes it: n-gram counts clipped by the
 * reference that has most of them, the reference length closest to the candidate's, and tiny constants where a count is 0.
 */
import {CaptionerError} from '../errors';

export type BleuScores = Record<'BLEU-1' | 'BLEU-2' | 'BLEU-3' | 'BLEU-4', number>;

const orders = [1, 2, 3, 4] as const;
const tiny = 1e-15;
const small = 1e-9;

/**
 * @param candidates The words of each caption.
 * @param references For each caption the words of its references, at least one.
 * @returns BLEU with n-grams up to 1, 2, 3 and 4, each 0 to 1.
 * @throws CaptionerError `captions`
 */
export function bleu(
  candidates: readonly (readonly string[])[],
  references: readonly (readonly (readonly string[])[])[],
): BleuScores {
  if (candidates.length === 0 || candidates.length !== references.length)
    throw new CaptionerError(
      'captions',
      `BLEU: expected a set of references for each caption, got ${references.length} for ${candidates.length}`,
    );
  const guesses = orders.map(() => 0);
  const correct = orders.map(() => 0);
  let length = 0;
  let referenceLength = 0;
  for (const [at, candidate] of candidates.entries()) {
    const own = references[at]!;
    if (own.length === 0)
      throw new CaptionerError('captions', `BLEU: expected references for caption ${at}, got none`);
    length += candidate.length;
    referenceLength += closest(
      candidate.length,
      own.map((words) => words.length),
    );
    for (const [k, order] of orders.entries()) {
      guesses[k]! += Math.max(0, candidate.length - order + 1);
      const most = new Map<string, number>();
      for (const reference of own)
        for (const [gram, count] of ngrams(reference, order))
          most.set(gram, Math.max(count, most.get(gram) ?? 0));
      for (const [gram, count] of ngrams(candidate, order))
        correct[k]! += Math.min(count, most.get(gram) ?? 0);
    }
  }
  const ratio = (length + tiny) / (referenceLength + small);
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  const scores = orders.map((order, k) => {
    product *= (correct[k]! + tiny) / (guesses[k]! + small);
    return product ** (1 / order) * brevity;
  });
  return {'BLEU-1': scores[0]!, 'BLEU-2': scores[1]!, 'BLEU-3': scores[2]!, 'BLEU-4': scores[3]!};
}

/** The length closest to the candidate's, the shorter of two that are as close. */
function closest(length: number, lengths: readonly number[]): number {
  return lengths.reduce((best, other) => {
    const [a, b] = [Math.abs(other - length), Math.abs(best - length)];
    return a < b || (a === b && other < best) ? other : best;
  });
}

function ngrams(words: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + order <= words.length; at++) {
    const gram = words.slice(at, at + order).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}
