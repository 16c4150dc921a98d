/** Finds metrics that are 0 for every caption, because of the references that captions are compared with. */
import {DocumentFrequencies} from './document-frequencies';
import {ngramList} from './ngrams';
import type {Words} from './statistics';

const orders = [1, 2, 3, 4] as const;

/**
 * Returns why a metric is 0 whatever the captions are; undefined if it isn't.
 *
 * CIDEr-D weights n-grams by how few images use them, so it is 0 when all images use the same ones. BLEU-n is 0 when no reference has n
 * words. (Its implementation gives tiny numbers instead, below 0.001.)
 *
 * @param metric Name of the metric, such as `CIDEr-D`.
 * @param references Tokens of the reference captions of each image.
 * @param frequencies Document frequencies for CIDEr-D. @default those of the references
 */
export function alwaysZero(
  metric: string,
  references: readonly (readonly Words[])[],
  frequencies?: DocumentFrequencies,
): string | undefined {
  const captions = references.flat();
  if (metric === 'CIDEr-D') {
    const known = frequencies ?? DocumentFrequencies.of(references);
    const informative = captions.some((words) =>
      orders.some((order) => ngramList(words, order).some((gram) => known.idf(gram) > 0)),
    );
    if (informative) return undefined;
    return references.length === 1
      ? 'CIDEr-D is 0 for a single image'
      : `CIDEr-D is 0 when all images use the same words, as these ${references.length} do`;
  }
  const order = Number(/^BLEU-(\d)$/.exec(metric)?.[1] ?? 0);
  if (captions.some((words) => words.length >= order)) return undefined;
  return `${metric} is 0 when no reference has ${order} words`;
}
