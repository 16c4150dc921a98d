/**
 * The LSTM decoder of «Show and Tell» (Vinyals et al. 2015, arXiv 1411.4555). The LSTM first reads the image, projected to the size of
 * a word embedding, then the start id and the words; the hidden state after each word gives the logits of the next. With `imageInput:
 * 'every'` the image is concatenated to every word instead. Layers can be stacked. Dropout applies to the inputs of each layer and to
 * the final states, not to the recurrent connections (Zaremba et al. 2014, arXiv 1409.2329).
 */
import type {LstmOptions} from '../option-types';
import {parseOptions} from '../options';
import {embedStepsFirst} from '../ops/embedding';
import {lstm} from '../ops/lstm';
import {lstmCell} from '../ops/lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {dropout} from '../ops/random';
import type {Decoder, DecoderState, DropoutKey, WordInputs} from './decoder';
import {BaseDecoder} from './base-decoder';
import {lstmOptions} from './decoder-options';
import {gatherImages, standardize, WeightInit} from './weight-init';
import {createWeights} from './create-weights';

export type {LstmOptions};

/** Numbers of the dropout masks; `between` is the first of those between layers. */
const masks = {input: 0, output: 1, image: 2, between: 3} as const;

/**
 * Creates an LSTM decoder with initial weights.
 *
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the pooled image features.
 * @throws CaptionerError `options`
 */
export function createLstm(vocabulary: number, depth: number, options: LstmOptions = {}): Decoder {
  const settings = parseOptions(lstmOptions.schema, options, lstmOptions.owner);
  const weights = createWeights(lstmOptions.owner, settings, (given) => planLstm(vocabulary, depth, given));
  return new Lstm(vocabulary, depth, settings, weights);
}

/**
 * Plans the weights of an LSTM decoder.
 *
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the pooled image features.
 */
export function planLstm(
  vocabulary: number,
  depth: number,
  {embedding, units, layers, imageInput, seed}: Readonly<Required<LstmOptions>>,
): WeightInit {
  const weights = new WeightInit(seed)
    .matrix('image.weight', depth, embedding)
    .zeros('image.bias', embedding)
    .uniform('embedding', [vocabulary, embedding], 0.08);
  const inputSize = imageInput === 'every' ? 2 * embedding : embedding;
  for (const [at, name] of namesOf(layers).entries())
    weights
      .matrix(`${name}.weight`, (at === 0 ? inputSize : units) + units, 4 * units)
      .gates(`${name}.bias`, units);
  weights.matrix('output.weight', vocabulary, units).zeros('output.bias', vocabulary);
  return weights;
}

/** Names of the layers: `lstm`, `lstm.2`, … The first has no number, so checkpoints from before stacking still load. */
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
  /** From bottom to top. */
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

  states(features: tf.Tensor, inputs: WordInputs, key?: DropoutKey, images?: tf.Tensor1D): tf.Tensor3D {
    const [batch, steps] = inputs.shape;
    const {embedding, units, imageInput, dropout: rate} = this.options;
    return tf.tidy(() => {
      const drop = <T extends tf.Tensor>(x: T, mask: number): T =>
        key === undefined ? x : dropout(x, rate, key, mask);
      const image = gatherImages(this.#project(features), images);
      const words = embedStepsFirst(this.weight('embedding'), inputs); // [steps, batch, embedding]
      const first = tf.reshape<tf.Rank.R3>(image, [1, batch, embedding]);
      const x = drop(imageInput === 'first' ? tf.concat([first, words], 0) : words, masks.input);
      // The image and its dropout mask are the same in every step, so its share of the gates is computed once.
      const context = imageInput === 'every' ? drop(image, masks.image) : undefined;
      let all = x;
      for (const [at, {weight, bias}] of this.#layers.entries())
        all =
          at === 0 ? lstm(x, weight, bias, context) : lstm(drop(all, masks.between + at - 1), weight, bias);
      // The state after the image alone predicts no word.
      const from = imageInput === 'first' ? 1 : 0;
      const states = tf.transpose(tf.slice(all, [from, 0, 0], [steps, batch, units]), [1, 0, 2]);
      return drop(states, masks.output);
    });
  }

  /** Hidden and cell state of each layer, then the projected image if every step reads it. */
  begin(features: tf.Tensor): DecoderState {
    return tf.tidy(() => {
      const image = this.#project(features);
      const {units, imageInput} = this.options;
      const zeros = this.#layers.flatMap(() =>
        [0, 1].map(() => tf.zeros<tf.Rank.R2>([image.shape[0], units])),
      );
      return imageInput === 'first' ? this.#advance(image, zeros) : [...zeros, image];
    });
  }

  step(tokens: tf.Tensor1D, state: DecoderState): {logits: tf.Tensor2D; state: DecoderState} {
    return tf.tidy(() => {
      const word = tf.gather(this.weight<tf.Rank.R2>('embedding'), tokens);
      const image = state.slice(2 * this.#layers.length) as tf.Tensor2D[];
      const x = image.length === 0 ? word : tf.concat<tf.Tensor2D>([word, ...image], 1);
      const next = this.#advance(x, state as readonly tf.Tensor2D[]);
      const logits = this.logitsOf(next.at(-2)!);
      return {logits, state: [...next, ...image.map((part) => tf.clone(part))]};
    });
  }

  /** Runs one step. @returns Hidden and cell state of each layer. */
  #advance(x: tf.Tensor2D, state: readonly tf.Tensor2D[]): tf.Tensor2D[] {
    const next: tf.Tensor2D[] = [];
    let input = x;
    for (const [at, {weight, bias}] of this.#layers.entries()) {
      const {h, c} = lstmCell(input, state[2 * at]!, state[2 * at + 1]!, weight, bias);
      next.push(h, c);
      input = h;
    }
    return next;
  }

  /** Standardises the image features and projects them, `[batch, embedding]`. */
  #project(features: tf.Tensor): tf.Tensor2D {
    const standard = standardize(features as tf.Tensor2D, this.featureNormalization);
    const product = tf.matMul(standard, this.weight<tf.Rank.R2>('image.weight'));
    return tf.add(product, this.weight('image.bias'));
  }
}
