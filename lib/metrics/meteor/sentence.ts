/** A caption prepared for METEOR: the stem, synonym sets and kind of each word, and the phrases that have paraphrases. */
import type {Paraphrases} from './paraphrases';
import type {Span} from './span';
import {stem} from './stemmer';
import type {Tables} from './tables';

export interface Word {
  readonly text: string;
  readonly stem: string;
  /** Numbers of the synonym sets that contain the word. */
  readonly senses: ReadonlySet<number>;
  /** Whether it is a function word. */
  readonly isFunction: boolean;
}

export interface Sentence {
  /** Equal words are the same object. */
  readonly words: readonly Word[];
  /** Phrases by their number in the paraphrase table, from left to right, shorter ones first. */
  readonly phrases: readonly (readonly [phrase: number, span: Span])[];
  /** Positions of each of these phrases, from left to right. */
  readonly spans: ReadonlyMap<number, readonly Span[]>;
}

const none: ReadonlySet<number> = new Set();

/** Prepares sentences and caches their words. */
export class SentenceReader {
  readonly #words = new Map<string, Word>();
  readonly #tables: Tables | undefined;
  readonly #paraphrases: Paraphrases;

  constructor(tables: Tables | undefined, paraphrases: Paraphrases) {
    this.#tables = tables;
    this.#paraphrases = paraphrases;
  }

  /** @param words Words as `normalize` returns them. */
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
