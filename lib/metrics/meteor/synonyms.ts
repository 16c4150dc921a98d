/**
 * METEOR's synonyms: the WordNet 3.0 synonym sets (synsets) that contain a word or its base form. Base forms come from WordNet's list of
 * irregular forms, or else from its suffix rules.
 */

/** Suffix rules for nouns, verbs and adjectives in WordNet's order. */
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
  readonly #sets = new Map<string, string>();
  readonly #bases = new Map<string, string[]>();

  /**
   * @param sets Pairs of lines: a word, and the numbers of its synonym sets.
   * @param irregular Pairs of lines: a base form, and its irregular forms.
   * @param pause Called after each thousand words.
   */
  static async read(
    sets: readonly string[],
    irregular: readonly string[],
    pause: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Synonyms> {
    const found = new Synonyms();
    for (const [word, numbers] of pairs(sets)) {
      found.#sets.set(word, numbers);
      if (found.#sets.size % 1000 === 0) await pause();
    }
    for (const [base, forms] of pairs(irregular))
      for (const form of parts(forms)) {
        const bases = found.#bases.get(form);
        if (bases) bases.push(base);
        else found.#bases.set(form, [base]);
      }
    return found;
  }

  private constructor() {}

  /** Returns the numbers of the synonym sets that contain a word or its base form. */
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
