/**
 * The beam of one picture: the sentences that are still open, and those that have ended. It knows nothing of decoders;
 * words with their log-probabilities come in, and what is worth going on with is kept.
 */
import {special} from '../text/vocabulary';

/** A caption as word ids. */
export interface Sentence {
  /** Word ids, without start and end. */
  readonly tokens: readonly number[];
  /** The logarithm of each word's probability given those before, the end's included where the sentence ends. */
  readonly logProbabilities: readonly number[];
  /** Where the decoder looked for each of these words, shares of the cells; absent where it does not look at a grid. */
  readonly attention?: readonly Float32Array[];
  /** Whether the sentence ended by itself. */
  readonly finished: boolean;
}

export interface Hypothesis extends Sentence {
  /** Sum of the log-probabilities divided by length^lengthExponent; the larger the better. */
  readonly score: number;
}

/** A word that may come next, and the logarithm of its probability. */
export type Continuation = readonly [word: number, logProbability: number];

/** A sentence without an end so far. */
interface Open {
  readonly tokens: readonly number[];
  readonly logProbabilities: readonly number[];
  readonly attention: readonly Float32Array[];
  /** Of the log-probabilities. */
  readonly sum: number;
  /** Where among the rows of the last step the sentence stood that this one goes on from. */
  readonly row: number;
}

export interface BeamSettings {
  readonly beams: number;
  readonly lengthExponent: number;
  readonly minimumLength: number;
  readonly maximumLength: number;
  readonly noRepeatNgram: number;
}

export class Beam {
  #open: readonly Open[] = [{tokens: [], logProbabilities: [], attention: [], sum: 0, row: 0}];
  #done: Hypothesis[] = [];
  #length = 0;

  constructor(private readonly settings: BeamSettings) {}

  /** The best first; empty when the search is over. */
  get open(): readonly Open[] {
    return this.#open;
  }

  /**
   * Each open sentence goes on with each of its words, and the best of all remain.
   *
   * @param words What may come next in a row of the step.
   * @param first The row of the first open sentence; the others follow.
   * @param attention Where a row of the step looked, if it did.
   */
  advance(
    words: (row: number) => readonly Continuation[],
    first: number,
    attention?: (row: number) => Float32Array,
  ): void {
    if (this.#open.length === 0) return;
    this.#length++;
    const {beams, maximumLength} = this.settings;
    const candidates = this.#open.flatMap(({tokens, logProbabilities, attention: before, sum}, at) => {
      const row = first + at;
      const looked = attention ? [...before, attention(row)] : before;
      const allowed = words(row).filter(([word]) => this.#allows(tokens, word));
      return allowed.map(([word, logProbability]) => ({
        word,
        tokens,
        logProbabilities: [...logProbabilities, logProbability],
        attention: looked,
        sum: sum + logProbability,
        row,
      }));
    });
    candidates.sort((a, b) => b.sum - a.sum || a.row - b.row || a.word - b.word);
    const next: Open[] = [];
    for (const [rank, {word, ...candidate}] of candidates.entries()) {
      if (next.length === beams) break;
      if (word !== special.end) next.push({...candidate, tokens: [...candidate.tokens, word]});
      // An ending counts where it is among the best; further down, other sentences were better at this length.
      else if (rank < beams) this.#end(candidate, true);
    }
    const over = this.#length === maximumLength || this.#settled(next);
    // A caption that did not end is better than none.
    if (over && this.#done.length === 0)
      for (const sentence of next.length > 0 ? next : this.#open) this.#end(sentence, false);
    this.#open = over ? [] : next;
  }

  /** At most as many as there are beams, the best first. */
  best(): Hypothesis[] {
    return this.#done.sort((a, b) => b.score - a.score).slice(0, this.settings.beams);
  }

  #allows(tokens: readonly number[], word: number): boolean {
    const {minimumLength, noRepeatNgram: order} = this.settings;
    if (word === special.end) return tokens.length >= minimumLength;
    if (order === 0 || tokens.length < order) return true;
    const last = [...tokens.slice(tokens.length - order + 1), word];
    for (let at = 0; at + order <= tokens.length; at++)
      if (last.every((id, k) => tokens[at + k] === id)) return false;
    return true;
  }

  #end({tokens, logProbabilities, attention, sum}: Open, finished: boolean): void {
    const score = this.#score(sum, logProbabilities.length);
    this.#done.push({
      tokens,
      logProbabilities,
      ...(attention.length > 0 && {attention}),
      score,
      finished,
    });
  }

  #score(sum: number, length: number): number {
    return sum / Math.max(1, length) ** this.settings.lengthExponent;
  }

  /** Whether no open sentence can still beat the worst of enough ended ones, however it goes on. */
  #settled(open: readonly Open[]): boolean {
    const {beams, maximumLength} = this.settings;
    if (open.length === 0) return true;
    if (this.#done.length < beams) return false;
    // The most probable word was the end.
    if (beams === 1) return true;
    const worst = this.#done.map(({score}) => score).sort((a, b) => b - a)[beams - 1]!;
    return Math.max(...open.map(({sum}) => this.#score(sum, maximumLength + 1))) <= worst;
  }
}
