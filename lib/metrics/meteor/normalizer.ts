/**
 * METEOR's tokenizer (its option `-norm`): lower-cases a line, separates punctuation and clitics, splits hyphenated words, and keeps
 * full stops only in abbreviations. It also changes tokenised captions: `t-shirt` becomes two words.
 */

/** Abbreviations that keep their full stop: always, or only before a number. */
export type Abbreviations = ReadonlyMap<string, 'always' | 'before a number'>;

const letter =
  'A-Za-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u017e\\u0400-\\u0527\\ua640-\\ua66e\\ua67e-\\ua697\\u1d00-\\u1d7f';
const blank = ' \\t\\n\\v\\f\\r';

function rule(pattern: string, replacement: string): readonly [RegExp, string] {
  return [new RegExp(pattern, 'gu'), replacement];
}

// Matches of a rule don't overlap, so `a-b-c` keeps its second hyphen. METEOR's scores depend on this and on the order of the rules.
const rules = [
  rule(`([^0-9${letter}${blank}.'\`,\\-‘’])`, ' $1 '),
  rule('(\\.{2,})', ' $1 '),
  rule('([^0-9]),([^0-9])', '$1 , $2'),
  rule('([0-9]),([^0-9])', '$1 , $2'),
  rule('([^0-9]),([0-9])', '$1 , $2'),
  rule('[`‘’]', "'"),
  rule("[“”]|''", ' " '),
  rule('–|--', '-'),
  rule(`([0-9${letter}.])-([0-9${letter}])`, '$1 $2'),
  rule(`([^${letter}])'([^${letter}])`, "$1 ' $2"),
  rule(`([^0-9${letter}])'([${letter}])`, "$1 ' $2"),
  rule(`([${letter}])'([^${letter}])`, "$1 ' $2"),
  rule(`([${letter}])'([${letter}])`, "$1 '$2"),
  rule("([0-9])'(s)", "$1 '$2"),
];

const anyLetter = new RegExp(`[${letter}]`, 'u');

/** `The dog's t-shirt, no. 5 of the U.S.` → `the dog 's t shirt , no . 5 of the us`. */
export function normalize(line: string, abbreviations: Abbreviations): string[] {
  const spaced = rules.reduce(
    (text, [pattern, replacement]) => text.replace(pattern, replacement),
    ` ${line} `,
  );
  const words = spaced.split(/[ \t\n\f\r]+/).filter((word) => word !== '');
  return words
    .map((word, at) => withFullStop(word, words[at + 1] ?? '', abbreviations))
    .join(' ')
    .toLowerCase()
    .split(/[ \u00a0\u2000-\u200a\u202f\u205f\u3000]+/)
    .filter((word) => word !== '');
}

function withFullStop(word: string, next: string, abbreviations: Abbreviations): string {
  if (!word.endsWith('.') || /^\.+$/.test(word)) return word;
  const start = word.slice(0, -1);
  if (start.includes('.') && anyLetter.test(start)) return word.replaceAll('.', '');
  const kind = abbreviations.get(start);
  // A sentence doesn't end before a lower-case word, which catches abbreviations that are not in the list.
  if (kind === 'always' || /^[a-z]/.test(next)) return word;
  if (kind === 'before a number' && /^[0-9]/.test(next)) return word;
  return `${start} .`;
}
