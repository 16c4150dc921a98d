/**
 * Phrases that every caption must contain (lexical constraints), and a sentence's progress through them. Occurrences may overlap: the
 * sentence 1 2 3 contains both 1 2 and 2 3. A phrase that is listed twice must occur twice.
 */
import {CaptionerError} from '../errors';
import {special} from '../text/vocabulary';

/** How much of the required phrases a sentence contains. */
export interface PhraseProgress {
  /**
   * Upper bound of the words still missing: the words of all remaining phrases, minus the longest one that the sentence has begun at
   * its end. 0 when the sentence contains all phrases.
   */
  readonly missing: number;
  /** How often each phrase must still occur. */
  readonly remaining: readonly number[];
  /** How many of its first words the sentence ends with, for each phrase. */
  readonly matched: readonly number[];
}

interface Phrase {
  readonly ids: readonly number[];
  /** The failure function of Knuth, Morris and Pratt 1977: for each prefix length, the length of the longest proper border. */
  readonly borders: readonly number[];
}

/**
 * The phrases that a search must include, and a matcher that follows them word by word.
 *
 * @example
 * const required = new RequiredPhrases([[17, 52]], new Float32Array(1000), 24);
 * const progress = required.advance(required.start, 17); // {missing: 1, …}
 */
export class RequiredPhrases {
  /** Distinct words of all phrases. */
  readonly words: readonly number[];
  /** Progress of the empty sentence. */
  readonly start: PhraseProgress;
  readonly #phrases: readonly Phrase[];

  /**
   * @param phrases Word ids of each phrase.
   * @param mask Suppression mask `[vocabulary]`, -∞ for words that are never written, as `bannedWords` returns it.
   * @param maximumLength Maximum number of words in a caption.
   * @throws CaptionerError `options` when a word can't be written, or the phrases are longer than a caption.
   */
  constructor(phrases: readonly (readonly number[])[], mask: Float32Array, maximumLength: number) {
    this.words = [...new Set(phrases.flat())];
    for (const id of this.words)
      if (id === special.end || mask[id] !== 0)
        throw new CaptionerError(
          'options',
          `search: \`requiredPhrases\`: expected word ids from ${special.unknown + 1} to ${mask.length - 1} that are not in \`suppressWords\`, got ${id}`,
        );
    const length = phrases.flat().length;
    if (length > maximumLength)
      throw new CaptionerError(
        'options',
        `search: \`requiredPhrases\`: expected at most ${maximumLength} words in all (\`maximumLength\`), got ${length}`,
      );
    const times = new Map<string, number>();
    for (const ids of phrases) times.set(ids.join(), (times.get(ids.join()) ?? 0) + 1);
    this.#phrases = [...times.keys()].map((key) => phraseOf(key.split(',').map(Number)));
    this.start = this.#progress([...times.values()], Array<number>(times.size).fill(0));
  }

  /** Returns the progress after one more word. */
  advance({remaining, matched}: PhraseProgress, word: number): PhraseProgress {
    const next = {remaining: [...remaining], matched: [...matched]};
    for (const [at, {ids, borders}] of this.#phrases.entries()) {
      let length = matched[at]!;
      while (length > 0 && ids[length] !== word) length = borders[length]!;
      if (ids[length] === word) length++;
      if (length === ids.length) {
        length = borders[length]!;
        next.remaining[at] = Math.max(0, remaining[at]! - 1);
      }
      next.matched[at] = length;
    }
    return this.#progress(next.remaining, next.matched);
  }

  #progress(remaining: readonly number[], matched: readonly number[]): PhraseProgress {
    let [all, begun] = [0, 0];
    for (const [at, {ids}] of this.#phrases.entries()) {
      if (remaining[at] === 0) continue;
      all += remaining[at]! * ids.length;
      begun = Math.max(begun, matched[at]!);
    }
    return {missing: all - begun, remaining, matched};
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
