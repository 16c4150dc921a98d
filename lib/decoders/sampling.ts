/**
 * Captions by chance: each word is drawn from the decoder's distribution, or from the likelier part of it. Batched over pictures and
 * samples on the device; the same seed draws the same captions.
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {tf} from '../runtime/native';
import {mix, uniform} from '../runtime/random';
import {special} from '../text/vocabulary';
import type {Hypothesis} from './beam';
import type {DecoderState, WordByWord} from './decoder';
import {checkLogits, neverWritten, reorder} from './search';

export interface SampleOptions {
  /** Captions for each picture. @default 1 */
  readonly samples?: number;
  /** Logits are divided by it: below 1 likely words become likelier, above 1 less likely. @default 1 */
  readonly temperature?: number;
  /** Only so many of the likeliest words are drawn from; 0: all. @default 0 */
  readonly topK?: number;
  /** Only the likeliest words that have so much probability together are drawn from (Holtzman et al. 2020, arXiv 1904.09751). @default 1 */
  readonly topP?: number;
  /** @default 1 */
  readonly seed?: number;
  /** Words in a caption at least. @default 0 */
  readonly minimumLength?: number;
  /** Words in a caption at most. @default 20 */
  readonly maximumLength?: number;
  /** Ids of words that are never written. @default [] */
  readonly banned?: readonly number[];
}

const schema = z.strictObject({
  samples: z.int().min(1).max(1000).default(1),
  temperature: z.number().gt(0).max(100).default(1),
  topK: z.int().min(0).default(0),
  topP: z.number().gt(0).max(1).default(1),
  seed: z.int().min(0).max(0x7fffffff).default(1),
  minimumLength: z.int().min(0).max(200).default(0),
  maximumLength: z.int().min(1).max(200).default(20),
  banned: z.array(z.int().min(0)).default([]),
});
type Settings = z.infer<typeof schema>;

/**
 * @param features Image features, as the decoder reads them; not disposed.
 * @returns For each picture its samples, in the order in which they were drawn. Their log-probabilities are the decoder's,
 *   whatever the temperature; the score is their sum.
 * @throws CaptionerError `options`; `diverged` when logits are not numbers.
 */
export function sample(
  decoder: WordByWord,
  features: tf.Tensor,
  options: SampleOptions = {},
): Hypothesis[][] {
  const settings = parseOptions(schema, options, 'sampling');
  const {samples, maximumLength} = settings;
  const pictures = features.shape[0];
  if (pictures === 0) return [];
  const captions = Array.from({length: pictures * samples}, () => new Caption());
  let open = [...captions.keys()];
  let state = repeat(decoder.begin(features), samples);
  try {
    for (let length = 0; ; length++) {
      const drawn = draw(
        decoder,
        open.map((row) => captions[row]!.last),
        state,
        settings,
        length,
      );
      tf.dispose(state as tf.Tensor[]);
      state = drawn.state;
      for (const [at, row] of open.entries())
        captions[row]!.add(drawn.words[at]!, drawn.logProbabilities[at]!, drawn.attention?.(at));
      const kept = open.map((_, at) => at).filter((at) => !captions[open[at]!]!.finished);
      if (kept.length === 0 || length + 1 === maximumLength) break;
      if (kept.length < open.length) state = reorder(state, kept);
      open = kept.map((at) => open[at]!);
    }
  } finally {
    tf.dispose(state as tf.Tensor[]);
  }
  const all = captions.map((caption) => caption.hypothesis());
  return Array.from({length: pictures}, (_, at) => all.slice(at * samples, (at + 1) * samples));
}

class Caption {
  finished = false;
  readonly #tokens: number[] = [];
  readonly #logProbabilities: number[] = [];
  readonly #attention: Float32Array[] = [];

  get last(): number {
    return this.#tokens.at(-1) ?? special.start;
  }

  add(word: number, logProbability: number, attention: Float32Array | undefined): void {
    this.#logProbabilities.push(logProbability);
    if (attention) this.#attention.push(attention);
    if (word === special.end) this.finished = true;
    else this.#tokens.push(word);
  }

  hypothesis(): Hypothesis {
    return {
      tokens: this.#tokens,
      logProbabilities: this.#logProbabilities,
      ...(this.#attention.length > 0 && {attention: this.#attention}),
      score: this.#logProbabilities.reduce((sum, one) => sum + one, 0),
      finished: this.finished,
    };
  }
}

interface Drawn {
  readonly words: Int32Array;
  readonly logProbabilities: Float32Array;
  readonly state: DecoderState;
  readonly attention?: ((row: number) => Float32Array) | undefined;
}

function draw(
  decoder: WordByWord,
  words: readonly number[],
  before: DecoderState,
  {temperature, topK, topP, seed, banned, minimumLength}: Settings,
  length: number,
): Drawn {
  const tokens = tf.tensor1d(Int32Array.from(words), 'int32');
  const {logits, state, attention} = decoder.step(tokens, before);
  tokens.dispose();
  const ends = length < minimumLength ? [special.end] : [];
  const [chosen, logProbabilities] = tf.tidy(() => {
    const all = tf.sub(logits, tf.logSumExp(logits, 1, true));
    const allowed = tf.add(all, neverWritten(decoder.vocabulary, [...banned, ...ends]));
    const likely = likelier(tf.div(allowed, temperature), topK, topP);
    // The largest of logits with Gumbel noise is a draw from their softmax.
    const dice = uniform(logits.shape, [mix(seed, 0x6a3b), length]);
    const noise = tf.neg(tf.log(tf.neg(tf.log(tf.add(tf.mul(dice, 1 - 2e-7), 1e-7)))));
    const places = tf.argMax(tf.add(likely, noise), 1);
    const rows = tf.range(0, words.length, 1, 'int32');
    const own = tf.gatherND(all, tf.stack([rows, tf.cast(places, 'int32')], 1));
    return [places.dataSync<'int32'>(), own.dataSync<'float32'>()] as const;
  });
  const [cells = 0] = attention?.shape.slice(1) ?? [];
  const maps = attention?.dataSync<'float32'>();
  tf.dispose(attention ? [logits, attention] : logits);
  checkLogits(logProbabilities, state);
  const looked = maps && ((row: number): Float32Array => maps.slice(row * cells, (row + 1) * cells));
  return {words: chosen, logProbabilities, state, attention: looked};
}

/** Without the words that are too unlikely to be drawn from. */
function likelier(scores: tf.Tensor2D, topK: number, topP: number): tf.Tensor2D {
  const [, vocabulary] = scores.shape;
  if ((topK === 0 || topK >= vocabulary) && topP === 1) return scores;
  const {values} = tf.topk(scores, topK > 0 ? Math.min(topK, vocabulary) : vocabulary);
  const shares = tf.softmax(values);
  // A word counts as long as those before it have less than topP.
  const before = tf.cumsum(shares, 1, true);
  const least = tf.min(tf.where(tf.less(before, topP), values, tf.fill(values.shape, Infinity)), 1, true);
  return tf.where(tf.greaterEqual(scores, least), scores, tf.fill(scores.shape, -Infinity));
}

function repeat(state: DecoderState, times: number): DecoderState {
  const [first] = state;
  const rows = first!.shape[0];
  return times === 1
    ? state
    : reorder(
        state,
        Array.from({length: rows * times}, (_, row) => Math.floor(row / times)),
      );
}
