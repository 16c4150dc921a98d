/**
 * Splits captions into lower-case words without punctuation, for the vocabulary and the decoders. Metrics use `ptb-tokenizer.ts` instead,
 * like the COCO evaluation.
 */

const maximumLength = 2000;

/**
 * Splits a caption into words: `A dog's ball — it's red.` → `a dog 's ball it 's red`. Clitics become words of their own, as in the Penn
 * Treebank, so that `dog's` and `dog` share a word. Hyphens and apostrophes inside words and decimal points stay.
 *
 * @param caption Any text; truncated to 2,000 characters.
 */
export function tokenize(caption: string): string[] {
  const text = cleanText(caption).toLowerCase().replace(/[’‘]/g, "'");
  const words = text.match(/\d+(?:[.,:]\d+)*|[\p{L}\p{N}]+(?:[-'&][\p{L}\p{N}]+)*/gu) ?? [];
  return words.flatMap(splitClitic);
}

/** Normalises text: NFC, no control or bidirectional characters, single spaces for white space, at most 2,000 characters. */
export function cleanText(text: string): string {
  return text
    .slice(0, maximumLength)
    .normalize('NFC')
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
    .trim();
}

function splitClitic(word: string): string[] {
  const negated = /^(.+)(n't)$/u.exec(word);
  const clitic = negated ?? /^(.+)('(?:s|m|d|re|ve|ll))$/u.exec(word);
  return clitic ? [clitic[1]!, clitic[2]!] : [word];
}
