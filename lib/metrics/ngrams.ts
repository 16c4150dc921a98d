/** N-grams, which BLEU, CIDEr-D and the diversity measures count. */
import type {Words} from './statistics';

/** Splits tokens that contain a no-break space, such as fractions, as the COCO evaluation does. */
function split(words: Words): Words {
  return words.some((word) => /\s/u.test(word)) ? words.flatMap((word) => word.split(/\s+/u)) : words;
}

/** Counts the n-grams of `order` words. Keys are the words joined by spaces. */
export function ngrams(words: Words, order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const gram of ngramList(words, order)) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  return counts;
}

/** Returns all n-grams of `order` words in order, each joined by spaces. */
export function ngramList(words: Words, order: number): string[] {
  const all = split(words);
  const found: string[] = [];
  for (let at = 0; at + order <= all.length; at++) found.push(all.slice(at, at + order).join(' '));
  return found;
}
