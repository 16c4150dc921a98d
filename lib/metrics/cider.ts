/**
 * CIDEr-D (Vedantam et al. 2015, arXiv 1411.5726, section 5): n-grams weighed by how rare they are among images, compared
 * by their cosine, with clipped counts and a penalty on different lengths, as in the COCO caption evaluation.
 */
import type {DocumentFrequencies} from './document-frequencies';
import {checkPairs, mean, type MetricStatistics, type Words} from './statistics';
import {ngrams, ngramList} from './ngrams';

const orders = [1, 2, 3, 4] as const;
/** Of the penalty on a difference of lengths, in words. */
const sigma = 6;

/** A caption's tf-idf weights (equation 1), by order. */
export interface CiderVector {
  readonly weights: readonly ReadonlyMap<string, number>[];
  /** Euclidean length, by order. */
  readonly norms: readonly number[];
  /** In pairs of words, which is what the COCO evaluation takes for the length. */
  readonly length: number;
}

/**
 * Of CIDEr-D, 0 to 10, and its mean over images.
 *
 * @param frequencies How common n-grams are. With a single image's own references every n-gram is in every image, so all
 *   scores are 0; for few images take those of a larger set.
 * @throws CaptionerError `captions`
 */
export function ciderD(
  candidates: readonly Words[],
  references: readonly (readonly Words[])[],
  frequencies: DocumentFrequencies,
): MetricStatistics {
  checkPairs(candidates, references);
  return mean(
    'CIDEr-D',
    candidates.map((candidate, at) =>
      ciderScore(
        ciderVector(candidate, frequencies),
        references[at]!.map((words) => ciderVector(words, frequencies)),
      ),
    ),
  );
}

export function ciderVector(words: Words, frequencies: DocumentFrequencies): CiderVector {
  const weights = orders.map((order) => {
    const counts = ngrams(words, order);
    for (const [gram, count] of counts) counts.set(gram, count * frequencies.rarity(gram));
    return counts;
  });
  const norms = weights.map((of) => Math.sqrt([...of.values()].reduce((sum, one) => sum + one ** 2, 0)));
  return {weights, norms, length: ngramList(words, 2).length};
}

/** One caption against an image's references: the mean similarity over references and orders, times 10. */
export function ciderScore(candidate: CiderVector, references: readonly CiderVector[]): number {
  let total = 0;
  for (const reference of references) {
    let similarity = 0;
    for (const k of orders.keys()) {
      const [norm, other] = [candidate.norms[k]!, reference.norms[k]!];
      if (norm === 0 || other === 0) continue;
      let product = 0;
      for (const [gram, weight] of candidate.weights[k]!) {
        const own = reference.weights[k]!.get(gram);
        if (own !== undefined) product += Math.min(weight, own) * own;
      }
      similarity += product / (norm * other);
    }
    total += similarity * Math.exp(-((candidate.length - reference.length) ** 2) / (2 * sigma ** 2));
  }
  return (10 * total) / (orders.length * references.length);
}
