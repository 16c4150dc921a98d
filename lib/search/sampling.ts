/**
 * Samples captions from the decoder's distribution, with temperature, top-k and top-p. Batched over images and samples on the device;
 * only the ids and log-probabilities of the drawn words are read back.
 */
import {runToEnd} from '../interrupt';
import type {SampleOptions} from '../option-types';
import {parseOptions} from '../options';
import {tf} from '../tensorflow/tensorflow';
import {uniformFromKey} from '../random/random';
import {special} from '../text/vocabulary';
import type {Sentence} from './beam';
import type {StepDecoder} from '../decoders/decoder';
import {bannedWords} from './constraints';
import {checkNumbers, DecodingState, type Choice} from './decoding-state';
import {sampleOptions} from './search-options';

export type {SampleOptions};
type Settings = Required<SampleOptions>;

/** All options, with defaults for those that are not given. @throws CaptionerError `options` */
export function sampleSettings(options: unknown = {}): Settings {
  return parseOptions(sampleOptions.schema, options, sampleOptions.owner);
}

/** A caption that is being sampled. */
interface Draft {
  readonly tokens: number[];
  readonly logProbabilities: number[];
  readonly attention: Float32Array[];
  finished: boolean;
  readonly key: readonly [seed: number, image: number, sample: number];
}

/**
 * Samples captions of each image. Each draw depends on (seed, image number, sample number, step) alone, so more samples or images don't
 * change the others.
 *
 * @param features Image features of the decoder's kind, one row per image; not disposed.
 * @returns For each image its samples in order. Log-probabilities are the model's, without temperature or truncation.
 * @throws CaptionerError `options`; `shape` for features of another kind; `diverged` when logits are NaN; `stopped`.
 */
export function sample(decoder: StepDecoder, features: tf.Tensor, options: SampleOptions = {}): Sentence[][] {
  return runToEnd(sampleSteps(decoder, features, options));
}

/** Like `sample`, but pauses after each word, so that the caller can let other events through. */
export function* sampleSteps(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: SampleOptions = {},
): Generator<void, Sentence[][], void> {
  const settings = sampleSettings(options);
  const {samples, minimumLength, maximumLength, temperature, topK, topP, seed, first} = settings;
  const images = Array.from({length: features.shape[0]}, (_, at) => at);
  const drafts = images.map((at) =>
    Array.from({length: samples}, (_, k): Draft => {
      return {tokens: [], logProbabilities: [], attention: [], finished: false, key: [seed, first + at, k]};
    }),
  );
  if (images.length === 0) return [];
  const decoding = yield* DecodingState.begin(decoder, features, drawnWords, maximumLength + 1);
  const mask = bannedWords(decoder.vocabulary, settings.suppressWords);
  const withoutEnd = Float32Array.from(mask).fill(-Infinity, special.end, special.end + 1);
  try {
    decoding.keep(images.flatMap((at) => drafts[at]!.map(() => at)));
    let active = drafts.flat();
    // A sentence of the maximum length gets one more step, in which it ends or is cut off.
    for (let step = 0; step <= maximumLength; step++) {
      const stepMask = step < minimumLength ? withoutEnd : mask;
      if (!stepMask.includes(0)) break;
      const words = Int32Array.from(active, ({tokens}) => tokens.at(-1) ?? special.start);
      const uniforms = (part: number): Float32Array =>
        Float32Array.from({length: decoding.rows}, (_, row) =>
          row < active.length ? uniformFromKey(...active[row]!.key, step, part) : 0,
        );
      const inputs = {
        ...{mask: tf.tensor1d(stepMask), temperature, topK, topP},
        uniforms: [0, 1].map((part) => tf.tensor2d(uniforms(part), [decoding.rows, 1])),
      };
      const {chosen, attention} = decoding.step(words, inputs);
      tf.dispose([inputs.mask, ...inputs.uniforms]);
      const drawn = read(chosen);
      for (const [row, draft] of active.entries()) {
        const ends = drawn.words[row] === special.end;
        if (draft.finished || (step === maximumLength && !ends)) continue;
        draft.logProbabilities.push(drawn.logProbabilities[row]!);
        if (attention) draft.attention.push(attention(row).slice());
        if (ends) draft.finished = true;
        else draft.tokens.push(drawn.words[row]!);
      }
      const open = active.flatMap(({finished}, row) => (finished ? [] : [row]));
      if (open.length === 0) break;
      yield;
      if (!decoding.canShrink(open.length)) continue;
      decoding.keep(open);
      active = open.map((row) => active[row]!);
    }
  } finally {
    decoding.dispose();
  }
  return drafts.map((own) =>
    own.map(({tokens, logProbabilities, attention, finished}) => {
      return {tokens, logProbabilities, ...(attention.length > 0 && {attention}), finished};
    }),
  );
}

interface DrawInputs extends Pick<Settings, 'temperature' | 'topK' | 'topP'> {
  /** Added to the log-probabilities, `[vocabulary]`. */
  readonly mask: tf.Tensor1D;
  /** Two uniform random numbers for each row, `[rows, 1]` each. */
  readonly uniforms: readonly tf.Tensor2D[];
}

interface Drawn extends tf.TensorContainerObject {
  words: tf.Tensor;
  /** The model's log-probabilities of these words. */
  logProbabilities: tf.Tensor;
}

/** A word for each row, drawn at random. */
const drawnWords: Choice<DrawInputs, Drawn> = {
  name: 'sampling',
  choose: (logProbabilities, {mask, uniforms, temperature, topK, topP}) => {
    const [first, second] = uniforms as readonly [tf.Tensor2D, tf.Tensor2D];
    const tempered = temperature === 1 ? logProbabilities : tf.div(logProbabilities, temperature);
    const scores = tf.add<tf.Tensor2D>(tempered, mask);
    const words =
      topK > 0 || topP < 1 ? drawTruncated(scores, topK, topP, second) : drawFull(scores, first, second);
    return {words, logProbabilities: tf.gather(logProbabilities, tf.expandDims(words, 1), 1, 1)};
  },
};

/** Reads the words of a step, and disposes them. */
function read(drawn: Drawn): {readonly words: Int32Array; readonly logProbabilities: Float32Array} {
  const words = drawn.words.dataSync<'int32'>();
  const logProbabilities = drawn.logProbabilities.dataSync<'float32'>();
  tf.dispose(drawn);
  checkNumbers(logProbabilities);
  return {words, logProbabilities};
}

/** Draws from the truncated distribution of each row: the `topK` best words, the smallest set that reaches `topP`, or both. */
function drawTruncated(scores: tf.Tensor2D, topK: number, topP: number, uniforms: tf.Tensor2D): tf.Tensor1D {
  const vocabulary = scores.shape[1];
  const {values, indices} = tf.topk(scores, topK > 0 ? Math.min(topK, vocabulary) : vocabulary);
  const weights = tf.softmax<tf.Tensor2D>(values);
  const cumulative = tf.cumsum(weights, 1, true);
  const nucleus = tf.where(tf.less(cumulative, topP), weights, tf.zerosLike(weights));
  return tf.reshape(tf.gather(indices, tf.expandDims(inverseCdf(nucleus, uniforms), 1), 1, 1), [-1]);
}

// A power of two near the square root of typical vocabulary sizes.
const blockSize = 64;

/**
 * Draws from the full distribution of each row: first a block of words, then a word of the block. Two short cumulative sums are several
 * times faster than one over thousands of words, and more accurate.
 */
function drawFull(scores: tf.Tensor2D, blockUniforms: tf.Tensor2D, wordUniforms: tf.Tensor2D): tf.Tensor1D {
  const [rows, vocabulary] = scores.shape;
  const blocks = Math.ceil(vocabulary / blockSize);
  const weights = tf.pad(tf.softmax(scores), [
    [0, 0],
    [0, blocks * blockSize - vocabulary],
  ]);
  const inBlocks = tf.reshape<tf.Rank.R3>(weights, [rows, blocks, blockSize]);
  const block = inverseCdf(tf.sum<tf.Tensor2D>(inBlocks, 2), blockUniforms);
  const words = tf.reshape<tf.Rank.R2>(tf.gather(inBlocks, tf.expandDims(block, 1), 1, 1), [rows, blockSize]);
  return tf.add(tf.mul(block, tf.scalar(blockSize, 'int32')), inverseCdf(words, wordUniforms));
}

/**
 * Draws an index for each row by inverting the cumulative distribution: with probability proportional to its weight, and never one
 * without weight.
 *
 * @param weights `[rows, choices]`, not necessarily normalized.
 * @param uniforms `[rows, 1]`, in [0, 1).
 */
function inverseCdf(weights: tf.Tensor2D, uniforms: tf.Tensor2D): tf.Tensor1D {
  const sums = tf.cumsum(weights, 1);
  const goal = tf.mul(tf.max(sums, 1, true), uniforms);
  const passed = tf.logicalAnd(tf.greater(sums, goal), tf.greater(weights, 0));
  return tf.argMax(tf.cast(passed, 'float32'), 1);
}
