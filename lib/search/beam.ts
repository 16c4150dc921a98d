/**
 * The beam of one image: its open and its finished hypotheses. It knows nothing of decoders; each step takes candidate words with their
 * log-probabilities and keeps the best continuations.
 */
import {special} from '../text/vocabulary';
import type {PhraseProgress, RequiredPhrases} from './required-phrases';

/** A caption as word ids. */
export interface Sentence {
  /** Word ids, without start and end. */
  readonly tokens: readonly number[];
  /** Log-probability of each word given the previous ones, including that of the end if the sentence is finished. */
  readonly logProbabilities: readonly number[];
  /** Attention weights over the cells for each of these words. Absent if the decoder doesn't attend to a grid. */
  readonly attention?: readonly Float32Array[];
  /** Whether the decoder ended the sentence; false if it was cut off. */
  readonly finished: boolean;
}

/** A caption found by beam search. */
export interface Hypothesis extends Sentence {
  /** Sum of the natural log-probabilities divided by length^lengthPenalty, where the length counts the end; higher is better. */
  readonly score: number;
}

/** Candidate words for each row of a decoding step. */
export interface NextWords {
  /** Number of candidate words per row. */
  readonly count: number;
  /** Candidate words, best first, `[rows, count]`. */
  readonly words: Int32Array;
  /** Their log-probabilities, `[rows, count]`; -∞ for suppressed words. */
  readonly logProbabilities: Float32Array;
  /** Log-probabilities of the required words, `[rows, required words]`. */
  readonly requiredLogProbabilities: Float32Array;
  /** Returns a row's attention weights, `[cells]`. Absent if the decoder doesn't attend to a grid. */
  readonly attention?: (row: number) => Float32Array;
}

/** A hypothesis that hasn't ended yet. */
interface OpenHypothesis {
  readonly tokens: readonly number[];
  readonly logProbabilities: readonly number[];
  readonly attention: readonly Float32Array[];
  /** Sum of the log-probabilities. */
  readonly sum: number;
  /** Row of the parent hypothesis in the last decoding step. */
  readonly row: number;
  readonly progress: PhraseProgress;
}

/** A continuation of an open hypothesis by one word. */
interface Candidate {
  readonly parent: OpenHypothesis;
  readonly row: number;
  readonly word: number;
  readonly logProbability: number;
  /** Sum of the log-probabilities. */
  readonly sum: number;
  /** Sum minus the diversity penalty; candidates are ranked by it. */
  readonly rating: number;
  readonly progress: PhraseProgress;
}

/** A continuation that a search considered. */
export interface ConsideredWord {
  /** The words before it. */
  readonly tokens: readonly number[];
  /** Its id, or that of the end. */
  readonly word: number;
  readonly logProbability: number;
  /** Sum of the log-probabilities up to it. */
  readonly sum: number;
  /** Whether the search kept it: as a hypothesis to extend or, at the end, as a caption. */
  readonly kept: boolean;
}

/** Is told every continuation that a search considers, best first at each step. */
export type OnConsidered = (considered: ConsideredWord) => void;

/** The options of a search that concern a single beam. */
export interface BeamSettings {
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly minimumLength: number;
  readonly maximumLength: number;
  readonly noRepeatNgramSize: number;
}

export class Beam {
  #open: readonly OpenHypothesis[];
  #finished: Hypothesis[] = [];
  #length = 0;

  constructor(
    private readonly settings: BeamSettings,
    private readonly requiredPhrases: RequiredPhrases,
    private readonly onConsidered: OnConsidered | undefined = undefined,
  ) {
    const empty = {tokens: [], logProbabilities: [], attention: []};
    this.#open = [{...empty, sum: 0, row: 0, progress: requiredPhrases.start}];
  }

  /** Open hypotheses, best first. Empty when the search is over. */
  get open(): readonly OpenHypothesis[] {
    return this.#open;
  }

  /**
   * Extends every open hypothesis by its candidate words and keeps the best.
   *
   * @param first Row of the first open hypothesis in `next`; the others follow.
   * @param penalties Diversity penalty by word. It affects the ranking, not the reported log-probabilities.
   */
  advance(next: NextWords, first: number, penalties: ReadonlyMap<number, number> = new Map()): void {
    if (this.#open.length === 0) return;
    this.#length++;
    const {beams, maximumLength} = this.settings;
    // A sentence of the maximum length gets one more step, in which it ends or is cut off.
    const last = this.#length > maximumLength;
    let candidates = this.#candidates(next, first, penalties, false);
    // If every continuation is blocked, required words may repeat an n-gram rather than be left out.
    const blocked = candidates.length === 0 && this.#open.every(({progress}) => progress.missing > 0);
    if (blocked && this.#finished.length === 0) candidates = this.#candidates(next, first, penalties, true);
    candidates.sort((a, b) => b.rating - a.rating || a.row - b.row || a.word - b.word);
    if (this.requiredPhrases.words.length > 0) candidates = interleaveBanks(candidates);
    const open: OpenHypothesis[] = [];
    let complete = 0;
    for (const candidate of candidates) {
      const ends = candidate.word === special.end;
      // A hypothesis may end only if fewer than `beams` better candidates contain all required phrases.
      const kept = ends ? complete < beams : open.length < beams && !last;
      if (kept && ends) this.#finish(extend(candidate, next), true);
      else if (kept) open.push(extend(candidate, next));
      if (candidate.progress.missing === 0) complete++;
      if (this.onConsidered) {
        const {parent, word, logProbability, sum} = candidate;
        this.onConsidered({tokens: parent.tokens, word, logProbability, sum, kept});
      }
    }
    const over = last || this.#cannotImprove(open);
    // An unfinished caption is better than none.
    if (over && this.#finished.length === 0)
      for (const hypothesis of open.length > 0 ? open : this.#open)
        if (hypothesis.progress.missing === 0) this.#finish(hypothesis, false);
    this.#open = over ? [] : open;
  }

  /** Returns the finished hypotheses, best first, at most `beams`. */
  best(): Hypothesis[] {
    return this.#finished.sort((a, b) => b.score - a.score).slice(0, this.settings.beams);
  }

  /** @param requiredOnly Whether to consider only required words, even if they repeat an n-gram. */
  #candidates(
    next: NextWords,
    first: number,
    penalties: ReadonlyMap<number, number>,
    requiredOnly: boolean,
  ): Candidate[] {
    const {words} = this.requiredPhrases;
    const remaining = this.settings.maximumLength - this.#length;
    const found: Candidate[] = [];
    for (const [at, parent] of this.#open.entries()) {
      const row = first + at;
      const add = (word: number, logProbability: number): void => {
        const progress =
          words.length > 0 ? this.requiredPhrases.advance(parent.progress, word) : parent.progress;
        // The missing words must still fit. A missing word always leaves room for the others.
        const fits =
          word === special.end
            ? parent.progress.missing === 0
            : remaining < 0 || progress.missing <= remaining;
        const allowed = requiredOnly
          ? progress.missing < parent.progress.missing
          : this.#allows(parent, word);
        if (!fits || !allowed) return;
        const sum = parent.sum + logProbability;
        const rating = sum - (penalties.get(word) ?? 0);
        found.push({parent, row, word, logProbability, sum, rating, progress});
      };
      for (let k = row * next.count; k < (row + 1) * next.count && !requiredOnly; k++) {
        const value = next.logProbabilities[k]!;
        if (value === -Infinity) break;
        if (!words.includes(next.words[k]!)) add(next.words[k]!, value);
      }
      for (const [k, word] of words.entries())
        add(word, next.requiredLogProbabilities[row * words.length + k]!);
    }
    return found;
  }

  /** Whether minimum length and `noRepeatNgramSize` allow a word. */
  #allows({tokens}: OpenHypothesis, word: number): boolean {
    const {minimumLength, noRepeatNgramSize: order} = this.settings;
    if (word === special.end) return tokens.length >= minimumLength;
    if (order === 0 || tokens.length < order) return true;
    const last = [...tokens.slice(tokens.length - order + 1), word];
    for (let at = 0; at + order <= tokens.length; at++)
      if (last.every((id, k) => tokens[at + k] === id)) return false;
    return true;
  }

  #finish({tokens, logProbabilities, attention, sum}: OpenHypothesis, finished: boolean): void {
    const score = this.#score(sum, logProbabilities.length);
    // Copied, because each map is a view of the attention of all rows.
    const maps = attention.map((map) => map.slice());
    this.#finished.push({
      tokens,
      logProbabilities,
      ...(maps.length > 0 && {attention: maps}),
      score,
      finished,
    });
  }

  #score(sum: number, length: number): number {
    return sum / Math.max(1, length) ** this.settings.lengthPenalty;
  }

  /** Whether `beams` hypotheses are finished and no open one can still outscore the worst of them. */
  #cannotImprove(open: readonly OpenHypothesis[]): boolean {
    const {beams, maximumLength} = this.settings;
    if (open.length === 0) return true;
    if (this.#finished.length < beams) return false;
    // Greedy search stops when the most probable word is the end.
    if (beams === 1) return true;
    const worst = this.#finished.map(({score}) => score).sort((a, b) => b - a)[beams - 1]!;
    return Math.max(...open.map(({sum}) => this.#score(sum, maximumLength + 1))) <= worst;
  }
}

function extend(
  {parent, row, word, logProbability, sum, progress}: Candidate,
  next: NextWords,
): OpenHypothesis {
  return {
    tokens: word === special.end ? parent.tokens : [...parent.tokens, word],
    logProbabilities: [...parent.logProbabilities, logProbability],
    attention: next.attention ? [...parent.attention, next.attention(row)] : parent.attention,
    sum,
    row,
    progress,
  };
}

/**
 * Allocates the beam dynamically (after Post and Vilar 2018, arXiv 1804.06609). Candidates with the same number of missing words form a
 * bank, and the banks alternate, the one with the fewest missing words first. Each bank thus gets its part of the beam, and unused
 * slots go to the others.
 *
 * @param candidates Candidates, best first.
 */
function interleaveBanks(candidates: readonly Candidate[]): Candidate[] {
  const banks = new Map<number, number>();
  const turns = candidates.map((candidate) => {
    const {missing} = candidate.progress;
    const turn = banks.get(missing) ?? 0;
    banks.set(missing, turn + 1);
    return {candidate, missing, turn};
  });
  return turns.sort((a, b) => a.turn - b.turn || a.missing - b.missing).map(({candidate}) => candidate);
}
