/**
 * The decoder of «Show and Tell» (Vinyals et al. 2015): the image, projected to the size of a word, is what the LSTM
 * reads first; then come the start id and the words, and each state after a word gives the logits of the next. The image
 * may stand beside every word instead, and the LSTM may have several layers, each of which reads the states of the one below.
 * Dropout lies on all that goes into a layer and on the states that come out, not on what a layer carries from word to word
 * (Zaremba et al. 2014, arXiv 1409.2329).
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {embed} from '../ops/embedding';
import {lstm} from '../ops/lstm';
import {lstmCell} from '../ops/lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {dropout} from '../ops/random';
import type {Decoder, DecoderState, DropoutKey} from './decoder';
import {seedOption, dropoutOption, sizeOption, BaseDecoder} from './base-decoder';
import {forCaptions, standardize, WeightInit} from './weight-init';

/** Options of the decoder `lstm`. */
export interface LstmOptions {
  /** Size of a word's vector. @default 256 */
  readonly embedding?: number;
  /** Size of the recurrent state. @default 512 */
  readonly units?: number;
  /** Layers of the LSTM, each as large as the others. @default 1 */
  readonly layers?: number;
  /** Where the LSTM reads the image: before the first word, or beside every word. @default 'first' */
  readonly imageInput?: 'first' | 'every';
  /** Part of the inputs and of the states that training leaves out. @default 0.5 */
  readonly dropout?: number;
  /** Of the weights' first values. @default 1 */
  readonly seed?: number;
}

const schema = z.strictObject({
  embedding: sizeOption.default(256),
  units: sizeOption.default(512),
  layers: z.int().min(1).max(100).default(1),
  imageInput: z.enum(['first', 'every']).default('first'),
  dropout: dropoutOption.default(0.5),
  seed: seedOption.default(1),
});

/** Names of its options. */
export const lstmOptions: readonly string[] = Object.keys(schema.shape);

/** Masks of dropout; those between layers follow. */
const masks = {input: 0, output: 1, imageInput: 2, between: 3} as const;

/**
 * @param vocabulary Number of word ids.
 * @param depth Depth of the pooled image features.
 * @throws CaptionerError `options`
 */
export function createLstm(vocabulary: number, depth: number, options: LstmOptions = {}): Decoder {
  const settings = parseOptions(schema, options, 'lstm decoder');
  const {embedding, units, layers, imageInput, seed} = settings;
  const weights = new WeightInit(seed)
    .matrix('image.weight', depth, embedding)
    .zeros('image.bias', embedding)
    .uniform('embedding', [vocabulary, embedding], 0.08);
  const read = imageInput === 'every' ? 2 * embedding : embedding;
  for (const [at, name] of namesOf(layers).entries())
    weights
      .matrix(`${name}.weight`, (at === 0 ? read : units) + units, 4 * units)
      .gates(`${name}.bias`, units);
  weights.matrix('output.weight', vocabulary, units).zeros('output.bias', vocabulary);
  return new Lstm(vocabulary, depth, settings, weights.all);
}

/** The first is called as it was when there was only one. */
function namesOf(layers: number): string[] {
  return Array.from({length: layers}, (_, at) => (at === 0 ? 'lstm' : `lstm.${at + 1}`));
}

interface Layer {
  readonly weight: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
}

class Lstm extends BaseDecoder<Required<LstmOptions>> {
  readonly kind = 'lstm';
  readonly features = 'pooled';
  /** The lowest first. */
  readonly #layers: readonly Layer[];

  constructor(
    vocabulary: number,
    depth: number,
    options: Readonly<Required<LstmOptions>> & Readonly<Record<string, unknown>>,
    weights: ReadonlyMap<string, tf.Variable>,
  ) {
    super(vocabulary, depth, options, weights);
    this.#layers = namesOf(options.layers).map((name) => ({
      weight: this.weight(`${name}.weight`),
      bias: this.weight(`${name}.bias`),
    }));
  }

  states(features: tf.Tensor, inputs: tf.Tensor2D, key?: DropoutKey, images?: tf.Tensor1D): tf.Tensor3D {
    const [batch, steps] = inputs.shape;
    const {embedding, units, imageInput: place, dropout: rate} = this.options;
    return tf.tidy(() => {
      const drop = <T extends tf.Tensor>(x: T, mask: number): T =>
        key === undefined ? x : dropout(x, rate, key, mask);
      const imageInput = forCaptions(this.#project(features), images);
      const words = embed(this.weight('embedding'), tf.transpose(inputs)) as tf.Tensor3D; // [steps, batch, embedding]
      const first = tf.reshape<tf.Rank.R3>(imageInput, [1, batch, embedding]);
      const x = drop(place === 'first' ? tf.concat([first, words], 0) : words, masks.input);
      // Beside every word it is the same, also in what dropout left of it: so its part of the gates is computed once.
      const context = place === 'every' ? drop(imageInput, masks.imageInput) : undefined;
      let all = x;
      for (const [at, {weight, bias}] of this.#layers.entries())
        all =
          at === 0 ? lstm(x, weight, bias, context) : lstm(drop(all, masks.between + at - 1), weight, bias);
      // After the image alone nothing is said.
      const from = place === 'first' ? 1 : 0;
      const states = tf.transpose(tf.slice(all, [from, 0, 0], [steps, batch, units]), [1, 0, 2]);
      return drop(states, masks.output);
    });
  }

  /** State and cell of each layer; then the image, where it stands beside every word. */
  begin(features: tf.Tensor): DecoderState {
    return tf.tidy(() => {
      const imageInput = this.#project(features);
      const {units, imageInput: place} = this.options;
      const zeros = this.#layers.flatMap(() =>
        [0, 1].map(() => tf.zeros<tf.Rank.R2>([imageInput.shape[0], units])),
      );
      return place === 'first' ? this.#advance(imageInput, zeros) : [...zeros, imageInput];
    });
  }

  step(tokens: tf.Tensor1D, state: DecoderState): {logits: tf.Tensor2D; state: DecoderState} {
    return tf.tidy(() => {
      const word = tf.gather(this.weight<tf.Rank.R2>('embedding'), tokens);
      const imageInput = state.slice(2 * this.#layers.length) as tf.Tensor2D[];
      const x = imageInput.length === 0 ? word : tf.concat<tf.Tensor2D>([word, ...imageInput], 1);
      const next = this.#advance(x, state as readonly tf.Tensor2D[]);
      const logits = this.wordsOf(next.at(-2)!);
      return {logits, state: [...next, ...imageInput.map((part) => tf.clone(part))]};
    });
  }

  /** @returns State and cell of each layer, one step further. */
  #advance(x: tf.Tensor2D, state: readonly tf.Tensor2D[]): tf.Tensor2D[] {
    const next: tf.Tensor2D[] = [];
    let read = x;
    for (const [at, {weight, bias}] of this.#layers.entries()) {
      const {h, c} = lstmCell(read, state[2 * at]!, state[2 * at + 1]!, weight, bias);
      next.push(h, c);
      read = h;
    }
    return next;
  }

  #project(features: tf.Tensor): tf.Tensor2D {
    const standard = standardize(features as tf.Tensor2D, this.featureNormalization);
    const product = tf.matMul(standard, this.weight<tf.Rank.R2>('image.weight'));
    return tf.add(product, this.weight('image.bias'));
  }
}
