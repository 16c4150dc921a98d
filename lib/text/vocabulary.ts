/** The words that a decoder can generate and their ids. Ids 0 to 3 are special: padding, start, end, unknown. */
import {description, grouped, setDescription} from '../description';
import {CaptionerError} from '../errors';
import type {VocabularyOptions} from '../option-types';
import {parseOptions} from '../options';
import {quoteValue} from '../quote-value';
import {isUnsafe} from '../terminal';
import {isUnspaced, joinUnspaced} from './scripts';
import {tokenize} from './tokenizer';
import {vocabularyOptions} from './vocabulary-options';

export type {VocabularyOptions};

/** The ids that are not words. */
export const special = {padding: 0, start: 1, end: 2, unknown: 3} as const;
const specialWords = ['<padding>', '<start>', '<end>', '<unknown>'] as const;

/** How many words of some captions a vocabulary has. */
export interface Coverage {
  /** Number of words in the captions. */
  readonly words: number;
  /** Fraction of these in the vocabulary. */
  readonly known: number;
  /** Number of distinct words in the captions. */
  readonly distinct: number;
  /** Fraction of the distinct words in the vocabulary. */
  readonly distinctKnown: number;
}

export interface VocabularyJSON {
  readonly version: 1;
  /** Words without the four special ones; the first has id 4. */
  readonly words: readonly string[];
  /** Whether words of scripts without spaces were found by segmenting; captions are then written without spaces between them. */
  readonly segmented?: true;
}

/** Returns the number of ids of a vocabulary in JSON, without building it; undefined if it is none. */
export function vocabularySize(json: unknown): number | undefined {
  const {words} = (json ?? {}) as Partial<VocabularyJSON>;
  return Array.isArray(words) ? words.length + specialWords.length : undefined;
}

/** Words and their ids, in both directions. */
export class Vocabulary {
  readonly #words: readonly string[];
  // A Map rather than an object, since captions may contain `constructor` and `__proto__`.
  readonly #ids: ReadonlyMap<string, number>;
  /** Whether captions are of a script without spaces. */
  readonly #segmented: boolean;

  private constructor(words: readonly string[], segmented: boolean) {
    this.#segmented = segmented;
    this.#words = [...specialWords, ...words];
    this.#ids = new Map(words.map((word, at) => [word, at + specialWords.length]));
  }

  /**
   * Builds a vocabulary from training captions. The most frequent word has the lowest id; ties are in code unit order.
   *
   * @throws CaptionerError `options`, or `captions` if no word is left.
   */
  static from(captions: Iterable<string>, options: VocabularyOptions = {}): Vocabulary {
    const {schema, owner} = vocabularyOptions;
    const {minimumCount, maximumSize = Infinity} = parseOptions(schema, options, owner);
    const kept = [...countWords(captions)].filter(([, count]) => count >= minimumCount);
    kept.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    if (kept.length === 0)
      throw new CaptionerError(
        'captions',
        `Expected a word used at least ${minimumCount} times, found none; lower \`minimumCount\` (--minimum-count)`,
      );
    const words = kept.slice(0, maximumSize).map(([word]) => word);
    return new Vocabulary(words, words.some(isUnspaced));
  }

  /** Returns a vocabulary with further words; those of this one keep their ids. */
  extended(words: readonly string[]): Vocabulary {
    const added = words.filter((word) => !this.has(word));
    const all = [...this.#words.slice(specialWords.length), ...added];
    return new Vocabulary(all, this.#segmented || added.some(isUnspaced));
  }

  /** Restores a vocabulary. @throws CaptionerError `mismatch` or `version` if the JSON is not a vocabulary. */
  static fromJSON(json: unknown): Vocabulary {
    const {version, words, segmented} = (json ?? {}) as Partial<VocabularyJSON>;
    if (version !== 1)
      throw new CaptionerError(
        'version',
        `Vocabulary: expected format version 1, got ${quoteValue(version)}`,
      );
    if (!Array.isArray(words) || !words.every((word) => typeof word === 'string' && word !== ''))
      throw new CaptionerError('mismatch', 'Vocabulary: expected a list of words');
    if (words.some(isUnsafe))
      throw new CaptionerError('mismatch', 'Vocabulary: expected words without control characters');
    if (new Set(words).size !== words.length)
      throw new CaptionerError('mismatch', 'Vocabulary: expected every word once');
    return new Vocabulary(words as string[], segmented === true);
  }

  toJSON(): VocabularyJSON {
    const words = this.#words.slice(specialWords.length);
    return {version: 1, words, ...(this.#segmented && {segmented: true})};
  }

  /** Number of ids, the four special ones included. */
  get size(): number {
    return this.#words.length;
  }

  /** Returns the word of an id. @throws CaptionerError `mismatch` if the id is out of range. */
  word(id: number): string {
    const word = this.#words[id];
    if (word === undefined)
      throw new CaptionerError(
        'mismatch',
        `Vocabulary: expected an id from 0 to ${this.size - 1}, got ${id}`,
      );
    return word;
  }

  /** Returns the id of a word, or the unknown id. */
  id(word: string): number {
    return this.#ids.get(word) ?? special.unknown;
  }

  has(word: string): boolean {
    return this.#ids.has(word);
  }

  /** Returns the ids of a caption's words, without start and end. */
  encode(caption: string): number[] {
    return tokenize(caption).map((word) => this.id(word));
  }

  /** Returns the text of ids, without padding, start and end. Clitics are joined to the previous word, and words of scripts without spaces to each other. */
  decode(ids: Iterable<number>): string {
    const words = [...ids].filter((id) => id > special.end).map((id) => this.word(id));
    const text = words.join(' ').replace(/ (n't|'(?:s|m|d|re|ve|ll))(?= |$)/g, '$1');
    return this.#segmented ? joinUnspaced(text) : text;
  }

  /** Measures how many of the captions' words are in the vocabulary. */
  coverage(captions: Iterable<string>): Coverage {
    const counts = countWords(captions);
    let [words, known, distinctKnown] = [0, 0, 0];
    for (const [word, count] of counts) {
      words += count;
      if (!this.has(word)) continue;
      known += count;
      distinctKnown++;
    }
    const fraction = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);
    return {
      words,
      known: fraction(known, words),
      distinct: counts.size,
      distinctKnown: fraction(distinctKnown, counts.size),
    };
  }
}

/** Counts the occurrences of each word. */
export function countWords(captions: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const caption of captions) {
    for (const word of tokenize(caption)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

setDescription(Vocabulary.prototype, (vocabulary) => {
  const {words} = vocabulary.toJSON();
  return description(
    `Vocabulary of ${grouped(vocabulary.size)} ids: ${grouped(words.length)} words and ${specialWords.length} special ids`,
    {
      special: specialWords.join(', '),
      frequent: words.slice(0, 12).join(', '),
      rare: words.length > 12 && words.slice(12).slice(-8).join(', '),
    },
  );
});
