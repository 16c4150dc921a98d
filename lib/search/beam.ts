/**
 * A beam of sentences: those that are still open, and those that have ended. It knows nothing of decoders; words with their
 * log-probabilities come in, and what is worth going on with is kept.
 */
import {special} from '../text/vocabulary';
import type {RequiredPhrases, Progress} from './required-phrases';

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

/** A caption found by a search, with its score. */
export interface Hypothesis extends Sentence {
  /** Sum of the log-probabilities divided by length^lengthPenalty; the larger the better. */
  readonly score: number;
}

/** What may come next in each row of a step, with the logarithms of the probabilities. */
export interface NextWords {
  /** How many words are given for each row. */
  readonly count: number;
  /** The best words of each row, the best first, `[rows, count]`. */
  readonly words: Int32Array;
  /** Of these words; -∞ for what is never written. */
  readonly logProbabilities: Float32Array;
  /** Of the forced words in each row, `[rows, forced words]`. */
  readonly requiredPhrases: Float32Array;
  /** Where a row looked, if the decoder looks at a grid. */
  readonly attention?: (row: number) => Float32Array;
}

/** A sentence without an end so far. */
interface Open {
  readonly tokens: readonly number[];
  readonly logProbabilities: readonly number[];
  readonly attention: readonly Float32Array[];
  /** Of the log-probabilities. */
  readonly sum: number;
  /** Where among the rows of the last step the sentence stood that this one goes on from. */
  readonly row: number;
  readonly progress: Progress;
}

/** An open sentence with a word more. */
interface Candidate {
  readonly before: Open;
  readonly row: number;
  readonly word: number;
  readonly logProbability: number;
  readonly sum: number;
  /** What it is chosen by: the sum, less where other groups write the same. */
  readonly rating: number;
  readonly progress: Progress;
}

export interface BeamSettings {
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly minimumLength: number;
  readonly maximumLength: number;
  readonly noRepeatNgramSize: number;
}

export class Beam {
  #open: readonly Open[];
  #done: Hypothesis[] = [];
  #length = 0;

  constructor(
    private readonly settings: BeamSettings,
    private readonly requiredPhrases: RequiredPhrases,
  ) {
    const nothing = {tokens: [], logProbabilities: [], attention: []};
    this.#open = [{...nothing, sum: 0, row: 0, progress: requiredPhrases.start}];
  }

  /** The best first; empty when the search is over. */
  get open(): readonly Open[] {
    return this.#open;
  }

  /**
   * Each open sentence goes on with each of its words, and the best of all remain.
   *
   * @param first The row of the first open sentence; the others follow.
   * @param penalties By word, what makes it less welcome, though not less probable.
   */
  advance(next: NextWords, first: number, penalties: ReadonlyMap<number, number> = new Map()): void {
    if (this.#open.length === 0) return;
    this.#length++;
    const {beams, maximumLength} = this.settings;
    // After the longest there is one step more: a sentence ends, as in any step where that is among the best, or is cut off.
    const last = this.#length > maximumLength;
    let candidates = this.#candidates(next, first, penalties, false);
    // Where every way on is barred, forced words may repeat a run: rather that than a caption without them.
    const barred = candidates.length === 0 && this.#open.every(({progress}) => progress.missing > 0);
    if (barred && this.#done.length === 0) candidates = this.#candidates(next, first, penalties, true);
    candidates.sort((a, b) => b.rating - a.rating || a.row - b.row || a.word - b.word);
    if (this.requiredPhrases.words.length > 0) candidates = inTurn(candidates);
    const open: Open[] = [];
    let whole = 0;
    for (const candidate of candidates) {
      if (candidate.word !== special.end) {
        if (open.length < beams && !last) open.push(grown(candidate, next));
        // An ending counts where it is among the best that lack nothing; further down, others were better at this length.
      } else if (whole < beams) this.#end(grown(candidate, next), true);
      if (candidate.progress.missing === 0) whole++;
    }
    const over = last || this.#settled(open);
    // A caption that did not end is better than none.
    if (over && this.#done.length === 0)
      for (const sentence of open.length > 0 ? open : this.#open)
        if (sentence.progress.missing === 0) this.#end(sentence, false);
    this.#open = over ? [] : open;
  }

  /** At most as many as there are beams, the best first. */
  best(): Hypothesis[] {
    return this.#done.sort((a, b) => b.score - a.score).slice(0, this.settings.beams);
  }

  /** @param desperate Only forced words, whether they repeat a run or not. */
  #candidates(
    next: NextWords,
    first: number,
    penalties: ReadonlyMap<number, number>,
    desperate: boolean,
  ): Candidate[] {
    const {words} = this.requiredPhrases;
    const left = this.settings.maximumLength - this.#length;
    const found: Candidate[] = [];
    for (const [at, before] of this.#open.entries()) {
      const row = first + at;
      const add = (word: number, logProbability: number): void => {
        const progress =
          words.length > 0 ? this.requiredPhrases.after(before.progress, word) : before.progress;
        // Room stays for what is missing; a word more of it always leaves room for the rest.
        const fits =
          word === special.end ? before.progress.missing === 0 : left < 0 || progress.missing <= left;
        if (!fits || !(desperate ? progress.missing < before.progress.missing : this.#allows(before, word)))
          return;
        const sum = before.sum + logProbability;
        const rating = sum - (penalties.get(word) ?? 0);
        found.push({before, row, word, logProbability, sum, rating, progress});
      };
      for (let k = row * next.count; k < (row + 1) * next.count && !desperate; k++) {
        const value = next.logProbabilities[k]!;
        if (value === -Infinity) break;
        if (!words.includes(next.words[k]!)) add(next.words[k]!, value);
      }
      for (const [k, word] of words.entries()) add(word, next.requiredPhrases[row * words.length + k]!);
    }
    return found;
  }

  #allows({tokens}: Open, word: number): boolean {
    const {minimumLength, noRepeatNgramSize: order} = this.settings;
    if (word === special.end) return tokens.length >= minimumLength;
    if (order === 0 || tokens.length < order) return true;
    const last = [...tokens.slice(tokens.length - order + 1), word];
    for (let at = 0; at + order <= tokens.length; at++)
      if (last.every((id, k) => tokens[at + k] === id)) return false;
    return true;
  }

  #end({tokens, logProbabilities, attention, sum}: Open, finished: boolean): void {
    const score = this.#score(sum, logProbabilities.length);
    // Copies, lest one caption keep the maps of all.
    const maps = attention.map((map) => map.slice());
    this.#done.push({tokens, logProbabilities, ...(maps.length > 0 && {attention: maps}), score, finished});
  }

  #score(sum: number, length: number): number {
    return sum / Math.max(1, length) ** this.settings.lengthPenalty;
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

function grown({before, row, word, logProbability, sum, progress}: Candidate, next: NextWords): Open {
  return {
    tokens: word === special.end ? before.tokens : [...before.tokens, word],
    logProbabilities: [...before.logProbabilities, logProbability],
    attention: next.attention ? [...before.attention, next.attention(row)] : before.attention,
    sum,
    row,
    progress,
  };
}

/**
 * Sentences with as many forced words missing make a bank, and the banks take turns, that with the fewest missing first: so each
 * has its share of the beam, and what one can't fill the others do (after Post and Vilar 2018, arXiv 1804.06609).
 *
 * @param candidates The best first.
 */
function inTurn(candidates: readonly Candidate[]): Candidate[] {
  const banks = new Map<number, number>();
  const turns = candidates.map((candidate) => {
    const {missing} = candidate.progress;
    const turn = banks.get(missing) ?? 0;
    banks.set(missing, turn + 1);
    return {candidate, missing, turn};
  });
  return turns.sort((a, b) => a.turn - b.turn || a.missing - b.missing).map(({candidate}) => candidate);
}
