/**
 * Phrases that a caption has to hold, and how much of them a sentence holds so far. Phrases may share words: 1 2 3 holds both
 * 1 2 and 2 3; one that is named twice has to come twice.
 */
import {CaptionerError} from '../errors';
import {special} from '../text/vocabulary';

/** How far a sentence has come. */
export interface Progress {
  /** Words that are missing at most: those of the phrases not yet held, less what has been begun of one of them. */
  readonly missing: number;
  /** Of each phrase, how often it still has to come. */
  readonly due: readonly number[];
  /** Of each phrase, how many of its words the sentence ends with. */
  readonly begun: readonly number[];
}

interface Phrase {
  readonly ids: readonly number[];
  /** For each number of its words, with how many of them they end, themselves not counted (Knuth, Morris and Pratt 1977). */
  readonly borders: readonly number[];
}

export class RequiredPhrases {
  /** All words of all phrases, each once. */
  readonly words: readonly number[];
  /** Of a sentence without words. */
  readonly start: Progress;
  readonly #phrases: readonly Phrase[];

  /**
   * @param banned Penalties by word, -∞ for what is never written.
   * @throws CaptionerError `options` when a word can't be written, or the phrases have no room.
   */
  constructor(phrases: readonly (readonly number[])[], suppressWords: Float32Array, maximumLength: number) {
    this.words = [...new Set(phrases.flat())];
    for (const id of this.words)
      if (id === special.end || suppressWords[id] !== 0)
        throw new CaptionerError(
          'options',
          `search: \`requiredPhrases\`: expected ids of words, from ${special.unknown + 1} to ${suppressWords.length - 1}, that are not banned, got ${id}`,
        );
    const length = phrases.flat().length;
    if (length > maximumLength)
      throw new CaptionerError(
        'options',
        `search: \`requiredPhrases\`: expected at most \`maximumLength\`, ${maximumLength} words in all, got ${length}`,
      );
    const times = new Map<string, number>();
    for (const ids of phrases) times.set(ids.join(), (times.get(ids.join()) ?? 0) + 1);
    this.#phrases = [...times.keys()].map((key) => phraseOf(key.split(',').map(Number)));
    this.start = this.#progress([...times.values()], Array<number>(times.size).fill(0));
  }

  /** Of the same sentence with one word more. */
  after({due, begun}: Progress, word: number): Progress {
    const next = {due: [...due], begun: [...begun]};
    for (const [at, {ids, borders}] of this.#phrases.entries()) {
      let matched = begun[at]!;
      while (matched > 0 && ids[matched] !== word) matched = borders[matched]!;
      if (ids[matched] === word) matched++;
      if (matched === ids.length) {
        matched = borders[matched]!;
        next.due[at] = Math.max(0, due[at]! - 1);
      }
      next.begun[at] = matched;
    }
    return this.#progress(next.due, next.begun);
  }

  #progress(due: readonly number[], begun: readonly number[]): Progress {
    let [all, most] = [0, 0];
    for (const [at, {ids}] of this.#phrases.entries()) {
      if (due[at] === 0) continue;
      all += due[at]! * ids.length;
      most = Math.max(most, begun[at]!);
    }
    return {missing: all - most, due, begun};
  }
}

function phraseOf(ids: readonly number[]): Phrase {
  const borders = [0, 0];
  for (let length = 2; length <= ids.length; length++) {
    let border = borders[length - 1]!;
    while (border > 0 && ids[border] !== ids[length - 1]) border = borders[border]!;
    borders.push(ids[border] === ids[length - 1] ? border + 1 : 0);
  }
  return {ids, borders};
}
