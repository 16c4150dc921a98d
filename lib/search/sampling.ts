/**
 * Captions drawn at random, each word with its probability: what a decoder thinks possible, where search gives what it thinks
 * best. Batched over images and samples on the device; of each word only its id and its log-probability come back.
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {tf} from '../tensorflow/tensorflow';
import {chance} from '../random/random';
import {special} from '../text/vocabulary';
import type {Sentence} from './beam';
import type {StepDecoder} from '../decoders/decoder';
import {bannedWords, lengthsFit, constraintFields, type Limits} from './constraints';
import {checkNumbers, DecodingState} from './decoding-state';

/** Options of `sample`. */
export interface SampleOptions extends Limits {
  /** Captions for each image. @default 1 */
  readonly samples?: number;
  /** What logits are divided by: below 1 probable words become more probable yet, towards 0 it is greedy search. @default 1 */
  readonly temperature?: number;
  /** Words are drawn among the so many most probable (Fan et al. 2018, arXiv 1805.04833); 0: among all. @default 0 */
  readonly topK?: number;
  /** Words are drawn among the most probable whose sum just reaches this (Holtzman et al. 2020, arXiv 1904.09751). @default 1 */
  readonly topP?: number;
  /** @default 1 */
  readonly seed?: number;
  /** The number of the first image, where images come in several calls. @default 0 */
  readonly first?: number;
}

const schema = z
  .strictObject({
    ...constraintFields,
    samples: z.int().min(1).max(10_000).default(1),
    temperature: z.number().min(0.01).max(100).default(1),
    topK: z.int().min(0).default(0),
    topP: z.number().gt(0).max(1).default(1),
    seed: z
      .int()
      .min(-(2 ** 31))
      .lt(2 ** 31)
      .default(1),
    first: z.int().min(0).default(0),
  })
  .refine(...lengthsFit);
type Settings = Required<SampleOptions>;

/** All options, with defaults for those that are not given. @throws CaptionerError `options` */
export function sampleSettings(options: unknown = {}): Settings {
  return parseOptions(schema, options, 'sampling');
}

/** A caption under way. */
interface Draft {
  readonly tokens: number[];
  readonly logProbabilities: number[];
  readonly attention: Float32Array[];
  finished: boolean;
  readonly key: readonly [seed: number, image: number, sample: number];
}

/**
 * Each word drawn hangs on (seed, number of the image, number of the sample, step) and on nothing else: more samples or
 * more images do not change those there are.
 *
 * @param features Image features, as the decoder reads them; not disposed.
 * @returns For each image its samples, in the order drawn; their log-probabilities are the model's, whatever the temperature.
 * @throws CaptionerError `options`; `diverged` when logits are not numbers.
 */
export function sample(decoder: StepDecoder, features: tf.Tensor, options: SampleOptions = {}): Sentence[][] {
  const settings = sampleSettings(options);
  const {samples, minimumLength, maximumLength, seed, first} = settings;
  const images = Array.from({length: features.shape[0]}, (_, at) => at);
  const drafts = images.map((at) =>
    Array.from({length: samples}, (_, k): Draft => {
      return {tokens: [], logProbabilities: [], attention: [], finished: false, key: [seed, first + at, k]};
    }),
  );
  if (images.length === 0) return [];
  const rows = new DecodingState(decoder, features);
  try {
    rows.reorder(images.flatMap((at) => drafts[at]!.map(() => at)));
    let held = drafts.flat();
    const penalties = bannedWords(decoder.vocabulary, settings.suppressWords);
    const withoutEnd = Float32Array.from(penalties).fill(-Infinity, special.end, special.end + 1);
    // After the last word a sentence can still end, or is cut off.
    for (let step = 0; step <= maximumLength; step++) {
      const allowed = step < minimumLength ? withoutEnd : penalties;
      if (!allowed.includes(0)) break;
      const words = Int32Array.from(held, ({tokens}) => tokens.at(-1) ?? special.start);
      const {logProbabilities, attention} = rows.step(words);
      const chances = [0, 1].map((part) => Float32Array.from(held, ({key}) => chance(...key, step, part)));
      const drawn = draw(logProbabilities, allowed, chances, settings);
      for (const [row, draft] of held.entries()) {
        const ends = drawn.words[row] === special.end;
        if (draft.finished || (step === maximumLength && !ends)) continue;
        draft.logProbabilities.push(drawn.logProbabilities[row]!);
        if (attention) draft.attention.push(attention(row).slice());
        if (ends) draft.finished = true;
        else draft.tokens.push(drawn.words[row]!);
      }
      const open = held.flatMap(({finished}, row) => (finished ? [] : [row]));
      if (open.length === 0) break;
      // To move a state is dear where it holds a grid, so ended rows are carried along until they are many.
      if (open.length > 0.75 * held.length) continue;
      rows.reorder(open);
      held = open.map((row) => held[row]!);
    }
  } finally {
    rows.dispose();
  }
  return drafts.map((own) =>
    own.map(({tokens, logProbabilities, attention, finished}) => {
      return {tokens, logProbabilities, ...(attention.length > 0 && {attention}), finished};
    }),
  );
}

interface Drawn {
  readonly words: Int32Array;
  /** By the model. */
  readonly logProbabilities: Float32Array;
}

/**
 * A word for each row.
 *
 * @param logProbabilities `[rows, vocabulary]`; disposed.
 * @param chances Two for each row.
 */
function draw(
  logProbabilities: tf.Tensor2D,
  penalties: Float32Array,
  chances: readonly Float32Array[],
  {temperature, topK, topP}: Settings,
): Drawn {
  const drawn = tf.tidy(() => {
    const [size, choice] = chances.map((each) => tf.tensor2d(each, [each.length, 1])) as [
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const tempered = temperature === 1 ? logProbabilities : tf.div(logProbabilities, temperature);
    const scores = tf.add<tf.Tensor2D>(tempered, tf.tensor1d(penalties));
    const words =
      topK > 0 || topP < 1 ? amongBest(scores, topK, topP, choice) : amongAll(scores, size, choice);
    const picked = tf.gather(logProbabilities, tf.expandDims(words, 1), 1, 1);
    return {words: words.dataSync<'int32'>(), logProbabilities: picked.dataSync<'float32'>()};
  });
  logProbabilities.dispose();
  checkNumbers(drawn.logProbabilities);
  return drawn;
}

/** Among the best words of each row: `topK` of them, or those whose probabilities just reach `topP`, or both. */
function amongBest(scores: tf.Tensor2D, topK: number, topP: number, chances: tf.Tensor2D): tf.Tensor1D {
  const vocabulary = scores.shape[1];
  const {values, indices} = tf.topk(scores, topK > 0 ? Math.min(topK, vocabulary) : vocabulary);
  const weights = tf.softmax<tf.Tensor2D>(values);
  const before = tf.cumsum(weights, 1, true);
  const kept = tf.where(tf.less(before, topP), weights, tf.zerosLike(weights));
  return tf.reshape(tf.gather(indices, tf.expandDims(place(kept, chances), 1), 1, 1), [-1]);
}

// A power of two near the root of usual vocabularies.
const blockSize = 64;

/**
 * Among all words: first a block of words, then a word of it. To add up a few sums of blocks and a few words of one block is
 * several times as fast as to add up thousands of words, and more exact.
 */
function amongAll(scores: tf.Tensor2D, blockChances: tf.Tensor2D, wordChances: tf.Tensor2D): tf.Tensor1D {
  const [rows, vocabulary] = scores.shape;
  const blocks = Math.ceil(vocabulary / blockSize);
  const weights = tf.pad(tf.softmax(scores), [
    [0, 0],
    [0, blocks * blockSize - vocabulary],
  ]);
  const table = tf.reshape<tf.Rank.R3>(weights, [rows, blocks, blockSize]);
  const block = place(tf.sum<tf.Tensor2D>(table, 2), blockChances);
  const words = tf.reshape<tf.Rank.R2>(tf.gather(table, tf.expandDims(block, 1), 1, 1), [rows, blockSize]);
  return tf.add(tf.mul(block, tf.scalar(blockSize, 'int32')), place(words, wordChances));
}

/**
 * Where in each row the sum of the weights passes the share `chances` of their total: each place as often as it weighs, one
 * without weight never.
 *
 * @param weights `[rows, places]`
 * @param chances `[rows, 1]`, in [0, 1).
 */
function place(weights: tf.Tensor2D, chances: tf.Tensor2D): tf.Tensor1D {
  const sums = tf.cumsum(weights, 1);
  const goal = tf.mul(tf.max(sums, 1, true), chances);
  const passed = tf.logicalAnd(tf.greater(sums, goal), tf.greater(weights, 0));
  return tf.argMax(tf.cast(passed, 'float32'), 1);
}
