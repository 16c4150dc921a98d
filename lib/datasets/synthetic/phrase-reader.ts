/** Reads a caption phrase by phrase: known phrases with their meanings, and nouns with their modifiers. */
import {lexicon, longest, type Meaning} from './lexicon';
import type {Colour, Kind, Size} from './scene';

/** A word of a caption with what it claims. */
export interface Claim<T> {
  /** Position of the word in the caption, from 0. */
  readonly at: number;
  readonly value: T;
}

/** A caption's mention of objects. */
export interface Mention {
  readonly words: string;
  /** Position of the noun. */
  readonly at: number;
  readonly kind: Kind | 'garment';
  readonly many: boolean;
  readonly number?: Claim<number>;
  readonly sizes: readonly Claim<Size>[];
  readonly colours: readonly Claim<Colour>[];
}

/** Words of phrases that say nothing by themselves. */
const fillers = new Set([
  'a',
  'an',
  'the',
  'is',
  'are',
  'as',
  'at',
  'by',
  'during',
  'in',
  'on',
  'over',
  'under',
]);

/** A position in a caption. */
export class PhraseReader {
  /** Position of the next word. */
  at = 0;

  constructor(readonly words: readonly string[]) {}

  /** Returns the longest known phrase at the current position, or one word. */
  next(): {words: string; meaning?: Meaning} {
    for (let length = Math.min(longest, this.words.length - this.at); length > 0; length--) {
      const words = this.words.slice(this.at, this.at + length).join(' ');
      const meaning = lexicon.get(words);
      if (meaning) return {words, meaning};
    }
    return {words: this.words[this.at] ?? ''};
  }

  /** Returns the position of the word that decides what the phrase at the current position means: `sandy` of `on a sandy beach`. */
  decisive(phrase: string): number {
    const first = phrase.split(' ').findIndex((word) => !fillers.has(word));
    return this.at + Math.max(0, first);
  }

  skip(phrase: string): void {
    this.at += phrase.split(' ').length;
  }

  /**
   * Reads a noun with its modifiers: `two small red balls`.
   *
   * @param complain Is told what is wrong with the words.
   * @returns `undefined` without a noun.
   */
  readMention(complain: (claim: string) => void): Mention | undefined {
    const start = this.at;
    const [sizes, colours]: [Claim<Size>[], Claim<Colour>[]] = [[], []];
    let number: Claim<number> | undefined;
    let determined = false;
    const so = (): string => this.words.slice(start, this.at).join(' ');
    for (;;) {
      const {words, meaning} = this.next();
      const {at} = this;
      if (meaning?.type === 'determiner' && at === start) {
        if (meaning.number !== undefined) number = {at, value: meaning.number};
        determined = true;
      } else if (meaning?.type === 'size') sizes.push({at, value: meaning.size});
      else if (meaning?.type === 'colour') colours.push({at, value: meaning.colour});
      else if (meaning?.type === 'noun') {
        this.skip(words);
        if (meaning.size) sizes.push({at, value: meaning.size});
        const {kind, many} = meaning;
        if (number ? number.value > 1 !== many : !determined && !many)
          complain(`"${so()}": number and noun do not agree`);
        return {words: so(), at, kind, many, ...(number && {number}), sizes, colours};
      } else {
        complain(`"${so()}" names no thing`);
        return undefined;
      }
      this.skip(words);
    }
  }
}
