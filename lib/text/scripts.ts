/**
 * Writing systems: finds the words of scripts that put no spaces between them (Chinese, Japanese, Thai, Lao, Khmer and Burmese), with the
 * dictionaries of `Intl.Segmenter`.
 */

const unspacedLetter = String.raw`(?=[\p{L}\p{M}\p{N}])[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]`;
const unspacedRun = new RegExp(`${unspacedLetter}(?:${unspacedLetter}|[\\p{M}])*`, 'gu');
const betweenUnspaced = new RegExp(`(?<=${unspacedLetter}) (?=${unspacedLetter})`, 'gu');
const wordBreak = new RegExp(`(?<=${unspacedLetter})\u200b|\u200b(?=${unspacedLetter})`, 'gu');
/** Whether a text can contain such letters at all: all of them come after U+0E00. */
const mayBeUnspaced = /[\u0e00-\u{10ffff}]/u;

// The rules are the same in all languages; naming one makes them independent of the machine's.
const segmenter = new Intl.Segmenter('en', {granularity: 'word'});

/** Puts spaces between the words of scripts that have none: `一只狗` → ` 一 只 狗 `. Other text stays as it is. */
export function spaceWords(text: string): string {
  if (!mayBeUnspaced.test(text)) return text;
  return text.replace(unspacedRun, (run) => {
    const words = Array.from(segmenter.segment(run), ({segment}) => segment);
    return ` ${words.join(' ')} `;
  });
}

/** Removes the spaces between words of scripts that have none. */
export function joinUnspaced(text: string): string {
  return mayBeUnspaced.test(text) ? text.replace(betweenUnspaced, '') : text;
}

/** Whether a text has letters of a script without spaces. */
export function isUnspaced(text: string): boolean {
  return mayBeUnspaced.test(text) && text.search(unspacedRun) >= 0;
}

/** Replaces zero-width spaces, with which some separate words of these scripts, by spaces. */
export function breakAtZeroWidth(text: string): string {
  return text.includes('\u200b') ? text.replace(wordBreak, ' ') : text;
}

/** Whether most letters of a text are of another script than Latin. */
export function isMostlyNonLatin(text: string): boolean {
  if (!/[^\p{ASCII}]/u.test(text)) return false;
  const count = (letters: RegExp): number => text.match(letters)?.length ?? 0;
  return 2 * count(/(?!\p{sc=Latn})\p{L}/gu) > count(/\p{L}/gu);
}
