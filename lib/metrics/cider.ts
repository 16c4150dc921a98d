/**
 * CIDEr-D (Vedantam et al. 2015, arXiv 1411.5726, section 5) as in the COCO caption evaluation: the cosine similarity of tf-idf vectors
 * of n-grams, with clipped counts and a Gaussian penalty on length differences.
 */
import type {DocumentFrequencies} from './document-frequencies';
import {checkPairs, mean, type MetricStatistics, type Words} from './statistics';
import {ngrams, ngramList} from './ngrams';

const orders = [1, 2, 3, 4] as const;
/** Standard deviation of the length penalty in words. */
const sigma = 6;

/** The tf-idf vectors of a caption (equation 1), one per n-gram order. */
export interface CiderVector {
  /** Weights by n-gram. */
  readonly weights: readonly ReadonlyMap<string, number>[];
  /** Euclidean norms. */
  readonly norms: readonly number[];
  /** Number of bigrams, which the COCO evaluation uses as the length. */
  readonly length: number;
}

/**
 * Computes CIDEr-D, from 0 to 10. The corpus score is the mean over images.
 *
 * @param frequencies Document frequencies of n-grams. For few images, pass those of a larger set: with the references of a single image
 *   every n-gram occurs in every image, so all scores are 0.
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

/** Computes the tf-idf vectors of a caption. */
export function ciderVector(words: Words, frequencies: DocumentFrequencies): CiderVector {
  const weights = orders.map((order) => {
    const counts = ngrams(words, order);
    for (const [gram, count] of counts) counts.set(gram, count * frequencies.idf(gram));
    return counts;
  });
  const norms = weights.map((byGram) =>
    Math.sqrt([...byGram.values()].reduce((sum, weight) => sum + weight ** 2, 0)),
  );
  return {weights, norms, length: ngramList(words, 2).length};
}

/** Scores a caption against an image's references: the mean similarity over references and orders, times 10. */
export function ciderScore(candidate: CiderVector, references: readonly CiderVector[]): number {
  let total = 0;
  for (const reference of references) {
    let similarity = 0;
    for (const k of orders.keys()) {
      const [norm, other] = [candidate.norms[k]!, reference.norms[k]!];
      if (norm === 0 || other === 0) continue;
      let product = 0;
      for (const [gram, weight] of candidate.weights[k]!) {
        const target = reference.weights[k]!.get(gram);
        if (target !== undefined) product += Math.min(weight, target) * target;
      }
      similarity += product / (norm * other);
    }
    total += similarity * Math.exp(-((candidate.length - reference.length) ** 2) / (2 * sigma ** 2));
  }
  return (10 * total) / (orders.length * references.length);
}
