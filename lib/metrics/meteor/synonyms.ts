/**
 * The synonyms of METEOR: for each word the numbers of the sets of synonyms in WordNet 3.0 that it or its base form is in.
 * Base forms come from WordNet's list of irregular ones, else from its rules of endings.
 */

/** Endings of nouns, verbs and adjectives in the order of WordNet, and what they become. */
const endings: readonly (readonly [ending: string, base: string])[] = [
  ['s', ''],
  ['ses', 's'],
  ['xes', 'x'],
  ['zes', 'z'],
  ['ches', 'ch'],
  ['shes', 'sh'],
  ['men', 'man'],
  ['ies', 'y'],
  ['es', 'e'],
  ['es', ''],
  ['ed', 'e'],
  ['ed', ''],
  ['ing', 'e'],
  ['ing', ''],
  ['er', ''],
  ['est', ''],
  ['er', 'e'],
  ['est', 'e'],
];

export class Synonyms {
  readonly #sets: ReadonlyMap<string, string>;
  readonly #bases = new Map<string, string[]>();

  /**
   * @param sets Lines in pairs: a word, and the numbers of its sets.
   * @param irregular Lines in pairs: a base form, and words that are forms of it.
   */
  constructor(sets: readonly string[], irregular: readonly string[]) {
    this.#sets = new Map(pairs(sets));
    for (const [base, forms] of pairs(irregular))
      for (const form of parts(forms)) {
        const bases = this.#bases.get(form);
        if (bases) bases.push(base);
        else this.#bases.set(form, [base]);
      }
  }

  /** The sets that a word or its base form is in. */
  of(word: string): ReadonlySet<number> {
    const forms = [word, ...(this.#bases.get(word) ?? this.#regularBase(word))];
    return new Set(forms.flatMap((form) => parts(this.#sets.get(form) ?? '').map(Number)));
  }

  #regularBase(word: string): string[] {
    if (word.endsWith('ss') || word.length <= 2) return [word];
    for (const [ending, base] of endings) {
      if (!word.endsWith(ending)) continue;
      const form = word.slice(0, word.length - ending.length) + base;
      if (this.#sets.has(form)) return [form];
    }
    return [];
  }
}

function* pairs(lines: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at + 1 < lines.length; at += 2) yield [lines[at]!, lines[at + 1]!];
}

function parts(line: string): string[] {
  return line.split(' ').filter((part) => part !== '');
}
