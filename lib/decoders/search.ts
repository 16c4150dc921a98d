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
import {Beam, type Continuation, type Hypothesis} from './beam';
import type {DecoderState, WordByWord} from './decoder';

export type {Hypothesis} from './beam';

export interface SearchOptions {
  /** Hypotheses kept at each step; 1 is greedy search. @default 3 */
  readonly beams?: number;
  /**
   * Longer sentences are less probable; 0 leaves it at that, 1 compares the mean word. The simple form of Wu et al. 2016
   * (arXiv 1609.08144, equation 14), where the length counts the end. @default 0.7
   */
  readonly lengthExponent?: number;
  /** Words in a caption at least, unless the decoder has no other way to go on than to end. @default 0 */
  readonly minimumLength?: number;
  /** Words in a caption at most. @default 20 */
  readonly maximumLength?: number;
  /** No run of so many words comes twice in a caption (Paulus et al. 2018, arXiv 1705.04304, section 2.5); 0: it may. @default 0 */
  readonly noRepeatNgram?: number;
  /** Ids of words that are never written. @default [] */
  readonly banned?: readonly number[];
}

const schema = z
  .strictObject({
    beams: z.int().min(1).max(100).default(3),
    lengthExponent: z.number().min(0).max(5).default(0.7),
    minimumLength: z.int().min(0).max(200).default(0),
    maximumLength: z.int().min(1).max(200).default(20),
    noRepeatNgram: z.int().min(0).max(200).default(0),
    banned: z.array(z.int().min(0)).default([]),
  })
  .refine(({minimumLength, maximumLength}) => minimumLength <= maximumLength, {
    path: ['minimumLength'],
    message: 'expected at most `maximumLength`',
  });

/** The most probable word at each step. */
export function greedySearch(
  decoder: WordByWord,
  features: tf.Tensor,
  options: Omit<SearchOptions, 'beams'> = {},
): Hypothesis[] {
  return beamSearch(decoder, features, {...options, beams: 1}).map(([best]) => best!);
}

/**
 * @param features Image features, as the decoder reads them; not disposed.
 * @returns For each picture its hypotheses, the best first: at most `beams`, at least one.
 * @throws CaptionerError `options`; `diverged` when logits are not numbers.
 */
export function beamSearch(
  decoder: WordByWord,
  features: tf.Tensor,
  options: SearchOptions = {},
): Hypothesis[][] {
  const settings = parseOptions(schema, options, 'search');
  const beams = Array.from({length: features.shape[0]}, () => new Beam(settings));
  if (beams.length === 0) return [];
  const banned = neverWritten(decoder.vocabulary, settings.banned);
  // Of each sentence only its best few can be among the picture's best: an ending, and as many that go on.
  // Words that would repeat a run are at most as many as the sentence has, and are passed over.
  const repeated = settings.noRepeatNgram > 0 ? settings.maximumLength : 0;
  const count = Math.min(settings.beams + 1 + repeated, decoder.vocabulary);

  let state = decoder.begin(features);
  try {
    for (;;) {
      const rows = beams.flatMap(({open}) => open.map((sentence) => sentence.tokens.at(-1) ?? special.start));
      const step = bestWords(decoder, Int32Array.from(rows), state, banned, count);
      tf.dispose(state as tf.Tensor[]);
      state = step.state;
      let row = 0;
      for (const beam of beams) {
        const {length} = beam.open;
        beam.advance(step.words, row, step.attention);
        row += length;
      }
      const kept = beams.flatMap(({open}) => open.map((sentence) => sentence.row));
      if (kept.length === 0) return beams.map((beam) => beam.best());
      state = reorder(state, kept);
    }
  } finally {
    tf.dispose([banned, ...state]);
  }
}

/** Added to logits: padding, the start, the word that stands for all unknown ones and what the user bans are never written. */
export function neverWritten(vocabulary: number, more: readonly number[]): tf.Tensor1D {
  const penalties = new Float32Array(vocabulary);
  for (const id of [special.padding, special.start, special.unknown, ...more])
    if (id < vocabulary) penalties[id] = -Infinity;
  return tf.tensor1d(penalties);
}

interface Step {
  readonly state: DecoderState;
  readonly words: (row: number) => Continuation[];
  readonly attention?: (row: number) => Float32Array;
}

function bestWords(
  decoder: WordByWord,
  words: Int32Array,
  before: DecoderState,
  banned: tf.Tensor1D,
  count: number,
): Step {
  const {logits, state, attention} = (() => {
    const tokens = tf.tensor1d(words, 'int32');
    const result = decoder.step(tokens, before);
    tokens.dispose();
    return result;
  })();
  const [values, indices] = tf.tidy(() => {
    // Probabilities are those of the model; a banned word keeps its share, it is only never chosen.
    const logProbabilities = tf.sub(logits, tf.logSumExp(logits, 1, true));
    const best = tf.topk(tf.add(logProbabilities, banned), count);
    return [best.values.dataSync<'float32'>(), best.indices.dataSync<'int32'>()] as const;
  });
  const [cells = 0] = attention?.shape.slice(1) ?? [];
  const maps = attention?.dataSync<'float32'>();
  tf.dispose(attention ? [logits, attention] : logits);
  checkLogits(values, state);
  return {
    state,
    ...(maps && {attention: (row: number) => maps.slice(row * cells, (row + 1) * cells)}),
    words: (row) =>
      Array.from(
        {length: count},
        (_, k) => [indices[row * count + k]!, values[row * count + k]!] as const,
      ).filter(([, value]) => value > -Infinity),
  };
}

/** @throws CaptionerError `diverged` when they are not numbers; then the state is disposed. */
export function checkLogits(values: Float32Array, state: DecoderState): void {
  if (!values.some(Number.isNaN)) return;
  tf.dispose(state as tf.Tensor[]);
  throw new CaptionerError(
    'diverged',
    'Search: expected logits that are numbers, got NaN; the weights or the features are broken',
  );
}

/** Takes these rows of a state, which is disposed. */
export function reorder(state: DecoderState, rows: readonly number[]): DecoderState {
  const order = tf.tensor1d(Int32Array.from(rows), 'int32');
  const next = state.map((tensor) => tf.gather(tensor, order));
  tf.dispose([order, ...state]);
  return next;
}
