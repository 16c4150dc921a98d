/**
 * The English Snowball stemmer (Porter 2, https://snowballstem.org/algorithms/english/stemmer.html) in its version of 2010, which
 * METEOR 1.5 includes; later versions have more exceptions. Internally, a `y` that is a consonant is written `Y`.
 */

const exceptions: ReadonlyMap<string, string> = new Map([
  ...['sky', 'news', 'howe', 'atlas', 'cosmos', 'bias', 'andes'].map((word): [string, string] => [
    word,
    word,
  ]),
  ['skis', 'ski'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['idly', 'idl'],
  ['gently', 'gentl'],
  ['ugly', 'ugli'],
  ['early', 'earli'],
  ['only', 'onli'],
  ['singly', 'singl'],
]);

/** Words that are final once a plural ending is removed. */
const finished: ReadonlySet<string> = new Set(
  'inning outing canning herring earring proceed exceed succeed'.split(' '),
);

/** A suffix, its replacement, and an optional condition on the text before it. */
type Rule = readonly [suffix: string, replacement: string, before?: RegExp];

// The first matching suffix decides, so longer suffixes precede the shorter ones that they end in.
const derivations: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['biliti', 'ble'],
  ['iviti', 'ive'],
  ['aliti', 'al'],
  ['alism', 'al'],
  ['lessli', 'less'],
  ['entli', 'ent'],
  ['ousli', 'ous'],
  ['fulli', 'ful'],
  ['abli', 'able'],
  ['alli', 'al'],
  ['bli', 'ble'],
  ['li', '', /[cdeghkmnrt]$/],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['ator', 'ate'],
  ['ogi', 'og', /l$/],
];

const extensions: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['alize', 'al'],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
];

const endings: readonly Rule[] = [
  ...['ement', 'ment', 'ent', 'ance', 'ence', 'able', 'ible', 'ant'].map((suffix): Rule => [suffix, '']),
  ...['ism', 'ate', 'iti', 'ous', 'ive', 'ize', 'al', 'er', 'ic'].map((suffix): Rule => [suffix, '']),
  ['ion', '', /[st]$/],
];

/**
 * Stems a word: `riding` → `ride`, `ponies` → `poni`, `happily` → `happili`.
 *
 * @param word A lower-case word.
 */
export function stem(word: string): string {
  const exception = exceptions.get(word);
  if (exception !== undefined) return exception;
  if (word.length < 3) return word;
  const marked = word
    .replace(/^'/, '')
    .replace(/^y/, 'Y')
    .replace(/([aeiouy])y/g, '$1Y');
  const first = /^(?:gener|commun|arsen)/.exec(marked)?.[0].length ?? regionAfter(marked, 0);
  const second = regionAfter(marked, first);

  let text = singular(marked);
  if (!finished.has(text)) {
    text = withoutTense(text, first).replace(/(.[^aeiouy])[yY]$/s, '$1i');
    text = replaced(text, derivations, first);
    text = text.endsWith('ative') ? removed(text, 'ative', second) : replaced(text, extensions, first);
    text = replaced(text, endings, second);
    text = withoutLast(text, first, second);
  }
  return text.replaceAll('Y', 'y');
}

/** Returns the start of a region: after the first consonant that follows a vowel at or after `from`. */
function regionAfter(word: string, from: number): number {
  const found = /[aeiouy][^aeiouy]/.exec(word.slice(from));
  return found ? from + found.index + 2 : word.length;
}

function singular(word: string): string {
  const text = word.replace(/'(?:s'?)?$/, '');
  if (text.endsWith('sses')) return text.slice(0, -2);
  if (/ie[sd]$/.test(text)) return text.slice(0, text.length > 4 ? -2 : -1);
  return /[us]s$/.test(text) || !/[aeiouy].+s$/s.test(text) ? text : text.slice(0, -1);
}

function withoutTense(word: string, first: number): string {
  const [suffix] = /(?:eed|ing|ed)(?:ly)?$/.exec(word) ?? [];
  if (suffix === undefined) return word;
  const rest = word.slice(0, -suffix.length);
  if (suffix.startsWith('eed')) return rest.length >= first ? `${rest}ee` : word;
  if (!/[aeiouy]/.test(rest)) return word;
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(rest)) return rest.slice(0, -1);
  return rest.length === first && endsShort(rest) ? `${rest}e` : rest;
}

function endsShort(word: string): boolean {
  return /(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$/.test(word);
}

function replaced(word: string, rules: readonly Rule[], region: number): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (!rule) return word;
  const [suffix, replacement, before] = rule;
  const rest = word.slice(0, -suffix.length);
  return rest.length >= region && (!before || before.test(rest)) ? rest + replacement : word;
}

function removed(word: string, suffix: string, region: number): string {
  return replaced(word, [[suffix, '']], region);
}

function withoutLast(word: string, first: number, second: number): string {
  const rest = word.slice(0, -1);
  if (word.endsWith('ll')) return rest.length >= second ? rest : word;
  if (!word.endsWith('e')) return word;
  return rest.length >= second || (rest.length >= first && !endsShort(rest)) ? rest : word;
}
