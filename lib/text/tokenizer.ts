/**
 * A caption becomes words: small letters, no punctuation. The same words are what a vocabulary counts and what a decoder
 * learns to write. Metrics split captions by themselves, as the COCO evaluation does: `ptb-tokenizer.ts`.
 */

const maximumLength = 2000;

/**
 * `A dog's ball — it's red.` → `a dog 's ball it 's red`. Clitics are cut off as the Penn Treebank does, so that `dog's`
 * and `dog` share a word; hyphens and apostrophes inside a word stay, and so do numbers with their points.
 *
 * @param caption Any text; what is longer than 2,000 characters is cut.
 */
export function tokenize(caption: string): string[] {
  const text = cleanText(caption).toLowerCase().replace(/[’‘]/g, "'");
  const words = text.match(/\d+(?:[.,:]\d+)*|[\p{L}\p{N}]+(?:[-'&][\p{L}\p{N}]+)*/gu) ?? [];
  return words.flatMap(splitClitic);
}

/** NFC, without control and bidirectional characters, white space as single blanks. */
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
