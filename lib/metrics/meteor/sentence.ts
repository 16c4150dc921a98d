/** A caption as METEOR compares it: for each word its stem, its senses and its kind, and the phrases that have paraphrases. */
import type {Paraphrases} from './paraphrases';
import type {Span} from './span';
import {stem} from './stemmer';
import type {Tables} from './tables';

export interface Word {
  readonly text: string;
  readonly stem: string;
  /** The sets of synonyms that it is in. */
  readonly senses: ReadonlySet<number>;
  readonly isFunction: boolean;
}

export interface Sentence {
  /** Words that are spelt alike are the same object. */
  readonly words: readonly Word[];
  /** From left to right and from short to long, with their numbers in the table of paraphrases. */
  readonly phrases: readonly (readonly [phrase: number, span: Span])[];
  /** Where each of these phrases is, from left to right. */
  readonly spans: ReadonlyMap<number, readonly Span[]>;
}

const none: ReadonlySet<number> = new Set();

export class SentenceReader {
  readonly #words = new Map<string, Word>();
  readonly #tables: Tables | undefined;
  readonly #paraphrases: Paraphrases;

  constructor(tables: Tables | undefined, paraphrases: Paraphrases) {
    this.#tables = tables;
    this.#paraphrases = paraphrases;
  }

  /** @param words In METEOR's own form, see `normalize`. */
  read(words: readonly string[]): Sentence {
    const phrases = [...this.#paraphrases.phrasesOf(words)];
    const spans = new Map<number, Span[]>();
    for (const [phrase, span] of phrases) {
      const known = spans.get(phrase);
      if (known) known.push(span);
      else spans.set(phrase, [span]);
    }
    return {words: words.map((word) => this.#word(word)), phrases, spans};
  }

  #word(text: string): Word {
    const known = this.#words.get(text);
    if (known) return known;
    const senses = this.#tables?.synonyms.of(text) ?? none;
    const isFunction = this.#tables?.functionWords.has(text) ?? false;
    const word = {text, stem: stem(text), senses, isFunction};
    this.#words.set(text, word);
    return word;
  }
}
