/** Runs of words, which BLEU, CIDEr-D and the measures of diversity count. */
import type {Words} from './statistics';

/** Splits what holds a no-break space, such as a fraction, as the COCO evaluation does. */
function split(words: Words): Words {
  return words.some((word) => /\s/u.test(word)) ? words.flatMap((word) => word.split(/\s+/u)) : words;
}

/** @returns How often each run of `order` words occurs; its words are joined by blanks. */
export function ngrams(words: Words, order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const gram of ngramList(words, order)) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  return counts;
}

/** All runs of `order` words, in their order. */
export function ngramList(words: Words, order: number): string[] {
  const all = split(words);
  const found: string[] = [];
  for (let at = 0; at + order <= all.length; at++) found.push(all.slice(at, at + order).join(' '));
  return found;
}
