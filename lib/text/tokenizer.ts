/**
 * Splits captions into lower-case words without punctuation, for the vocabulary and the decoders. Metrics use `metric-tokens.ts` instead.
 */
import {breakAtZeroWidth, spaceWords} from './scripts';

const maximumLength = 2000;

/** A letter or digit with its combining marks (vowel signs, points, accents) and the joiners that are part of the spelling. */
const letter = String.raw`[\p{L}\p{N}][\p{Mn}\p{Mc}\u200c\u200d]*`;
const wordOrNumber = new RegExp(
  String.raw`\d+(?:[.,:]\d+)*|(?:${letter})+(?:[-'&\u00b7\u05f4](?:${letter})+)*`,
  'gu',
);
/**
 * Control and formatting characters; in group 1, the zero-width joiners and non-joiners that are spelling in Persian and Indic scripts,
 * unlike in Latin: inside a word, or after a mark at its end.
 */
const invisible =
  /((?<=(?!\p{sc=Latn})[\p{L}\p{M}])[\u200c\u200d]+(?=[\p{L}\p{M}])|(?<=\p{M})\u200d(?!\p{Extended_Pictographic}))|[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

/**
 * Splits a caption into words: `A dog's ball — it's red.` → `a dog 's ball it 's red`. Clitics become words of their own, as in the Penn
 * Treebank, so that `dog's` and `dog` share a word. Hyphens and apostrophes inside words and decimal points stay, and letters keep their
 * combining marks. Chinese, Japanese, Thai, Lao, Khmer and Burmese, which have no spaces, are split by `Intl.Segmenter`.
 *
 * @param caption Any text; truncated to 2,000 characters.
 */
export function tokenize(caption: string): string[] {
  const words = lowerCase(spaceWords(cleanText(caption)))
    .replace(/[’‘]/g, "'")
    .replace(/[\ufe00-\ufe0f]/g, '') // choose between forms of the same character
    .match(wordOrNumber);
  return (words ?? []).flatMap(splitClitic);
}

/** Lower-cases text. The Turkish İ becomes i, for which `toLowerCase` would write two characters. */
export function lowerCase(text: string): string {
  return text.replaceAll('İ', 'i').toLowerCase();
}

/**
 * Normalises text: NFC, no control or bidirectional characters, single spaces for white space, at most 2,000 characters. Zero-width joiners
 * stay where they are part of a word's spelling.
 */
export function cleanText(text: string): string {
  return breakAtZeroWidth(text.slice(0, maximumLength).normalize('NFC').replace(/\s+/gu, ' '))
    .replace(invisible, (_, spelling?: string) => spelling ?? '')
    .trim();
}

function splitClitic(word: string): string[] {
  const negated = /^(.+)(n't)$/u.exec(word);
  const clitic = negated ?? /^(.+)('(?:s|m|d|re|ve|ll))$/u.exec(word);
  return clitic ? [clitic[1]!, clitic[2]!] : [word];
}
