/**
 * From a decoder's logits to sentences: greedy and beam search, batched over pictures and beams on the device. Search
 * knows nothing of a decoder but `begin` and `step`, and always returns a caption: where no hypothesis ends in time, the
 * best unfinished one.
 */
import {z} from 'zod';
import {CaptionerError} from '../errors';
import {parseOptions} from '../options';
import {tf} from '../runtime/native';
import {special} from '../text/vocabulary';
import type {Decoder, DecoderState} from './decoder';

export interface Hypothesis {
  /** Word ids, without start and end. */
  readonly tokens: readonly number[];
  /** The logarithm of each word's probability given those before, the end's included where the sentence ends. */
  readonly logProbabilities: readonly number[];
  /** Sum of the log-probabilities divided by length^lengthExponent; the larger the better. */
  readonly score: number;
  /** Whether the sentence ended by itself. */
  readonly finished: boolean;
}

export interface SearchOptions {
  /** Hypotheses kept at each step; 1 is greedy search. @default 3 */
  readonly beams?: number;
  /**
   * Longer sentences are less probable; 0 leaves it at that, 1 compares the mean word. The simple form of Wu et al. 2016
   * (arXiv 1609.08144, equation 14), where the length counts the end. @default 0.7
   */
  readonly lengthExponent?: number;
  /** Words in a caption at most. @default 20 */
  readonly maximumLength?: number;
}

const schema = z.strictObject({
  beams: z.int().min(1).max(100).default(3),
  lengthExponent: z.number().min(0).max(5).default(0.7),
  maximumLength: z.int().min(1).max(200).default(20),
});

/** The most probable word at each step. */
export function greedySearch(
  decoder: Decoder,
  features: tf.Tensor,
  options: Omit<SearchOptions, 'beams'> = {},
): Hypothesis[] {
  return beamSearch(decoder, features, {...options, beams: 1}).map(([best]) => best!);
}

interface Beam {
  readonly tokens: readonly number[];
  readonly logProbabilities: readonly number[];
  readonly sum: number;
}

/**
 * @param features Image features, as the decoder reads them; not disposed.
 * @returns For each picture its hypotheses, the best first: at most `beams`, at least one.
 * @throws CaptionerError `options`; `diverged` when logits are not numbers.
 */
export function beamSearch(
  decoder: Decoder,
  features: tf.Tensor,
  options: SearchOptions = {},
): Hypothesis[][] {
  const {beams, lengthExponent, maximumLength} = parseOptions(schema, options, 'search');
  const pictures = features.shape[0];
  if (pictures === 0) return [];
  const score = (sum: number, length: number): number => sum / Math.max(1, length) ** lengthExponent;
  const banned = bannedWords(decoder.vocabulary);

  let open: Beam[][] = Array.from({length: pictures}, () => [{tokens: [], logProbabilities: [], sum: 0}]);
  const done: Hypothesis[][] = Array.from({length: pictures}, () => []);
  let rows = open.flatMap((list, picture) => list.map((beam) => ({picture, beam})));
  let state = decoder.begin(features);
  try {
    for (let length = 1; rows.length > 0; length++) {
      const words = Int32Array.from(rows, ({beam}) => beam.tokens.at(-1) ?? special.start);
      // Of each row only its best few can be among the picture's best: an ending, and `beams` that go on.
      const step = bestWords(decoder, words, state, banned, Math.min(beams + 1, decoder.vocabulary));
      tf.dispose(state as tf.Tensor[]);
      state = step.state;

      const parents: number[] = [];
      const next: Beam[][] = Array.from({length: pictures}, () => []);
      for (const [picture, list] of groupRows(rows, pictures).entries()) {
        const candidates = list.flatMap((row) =>
          step.words(row).map(([word, logProbability]) => ({
            row,
            word,
            logProbability,
            sum: rows[row]!.beam.sum + logProbability,
          })),
        );
        candidates.sort((a, b) => b.sum - a.sum || a.row - b.row || a.word - b.word);
        for (const [rank, {row, word, logProbability, sum}] of candidates.entries()) {
          if (next[picture]!.length === beams) break;
          const {beam} = rows[row]!;
          const logProbabilities = [...beam.logProbabilities, logProbability];
          if (word === special.end) {
            // An ending counts where it is among the best; further down, other sentences were better at this length.
            if (rank < beams)
              done[picture]!.push({
                tokens: beam.tokens,
                logProbabilities,
                score: score(sum, length),
                finished: true,
              });
          } else {
            next[picture]!.push({tokens: [...beam.tokens, word], logProbabilities, sum});
            parents.push(row);
          }
        }
      }
      open = next.map((list, picture) => {
        if (length < maximumLength && !settled(done[picture]!, list, beams, score, maximumLength))
          return list;
        // A caption that did not end is better than none.
        if (done[picture]!.length === 0)
          for (const {tokens, logProbabilities, sum} of list)
            done[picture]!.push({tokens, logProbabilities, score: score(sum, length), finished: false});
        return [];
      });
      const kept: number[] = [];
      let at = 0;
      for (const [picture, list] of next.entries()) {
        for (let k = 0; k < list.length; k++, at++) if (open[picture]!.length > 0) kept.push(parents[at]!);
      }
      rows = open.flatMap((list, picture) => list.map((beam) => ({picture, beam})));
      if (rows.length > 0) state = reorder(state, kept);
    }
  } finally {
    tf.dispose(state as tf.Tensor[]);
  }
  return done.map((list) => list.sort((a, b) => b.score - a.score).slice(0, beams));
}

/** Whether no open beam can still beat the worst of enough finished ones, however it goes on. */
function settled(
  done: readonly Hypothesis[],
  open: readonly Beam[],
  beams: number,
  score: (sum: number, length: number) => number,
  maximumLength: number,
): boolean {
  if (open.length === 0) return true;
  if (done.length < beams) return false;
  const worst = done.map((hypothesis) => hypothesis.score).sort((a, b) => b - a)[beams - 1]!;
  const best = Math.max(...open.map(({sum}) => score(sum, maximumLength + 1)));
  return best <= worst;
}

/** Never written: padding, the start, and the word that stands for all unknown ones. */
function bannedWords(vocabulary: number): Float32Array {
  const penalties = new Float32Array(vocabulary);
  for (const id of [special.padding, special.start, special.unknown])
    if (id < vocabulary) penalties[id] = -Infinity;
  return penalties;
}

interface Step {
  readonly state: DecoderState;
  readonly words: (row: number) => (readonly [word: number, logProbability: number])[];
}

function bestWords(
  decoder: Decoder,
  words: Int32Array,
  before: DecoderState,
  banned: Float32Array,
  count: number,
): Step {
  const {logits, state} = (() => {
    const tokens = tf.tensor1d(words, 'int32');
    const result = decoder.step(tokens, before);
    tokens.dispose();
    return result;
  })();
  const [values, indices] = tf.tidy(() => {
    // Probabilities are those of the model; a banned word keeps its share, it is only never chosen.
    const logProbabilities = tf.sub(logits, tf.logSumExp(logits, 1, true));
    const best = tf.topk(tf.add(logProbabilities, tf.tensor1d(banned)), count);
    return [best.values.dataSync<'float32'>(), best.indices.dataSync<'int32'>()] as const;
  });
  logits.dispose();
  if (values.some(Number.isNaN)) {
    tf.dispose(state as tf.Tensor[]);
    throw new CaptionerError(
      'diverged',
      'Search: expected logits that are numbers, got NaN; the weights or the features are broken',
    );
  }
  return {
    state,
    words: (row) =>
      Array.from(
        {length: count},
        (_, k) => [indices[row * count + k]!, values[row * count + k]!] as const,
      ).filter(([, value]) => value > -Infinity),
  };
}

function groupRows(rows: readonly {readonly picture: number}[], pictures: number): number[][] {
  const groups: number[][] = Array.from({length: pictures}, () => []);
  for (const [row, {picture}] of rows.entries()) groups[picture]!.push(row);
  return groups;
}

function reorder(state: DecoderState, rows: readonly number[]): DecoderState {
  const order = tf.tensor1d(Int32Array.from(rows), 'int32');
  const next = state.map((tensor) => tf.gather(tensor, order));
  tf.dispose([order, ...state]);
  return next;
}
