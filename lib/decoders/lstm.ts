/**
 * The decoder of «Show and Tell» (Vinyals et al. 2015): the image, projected to the size of a word, is what the LSTM
 * reads first; then come the start id and the words, and each state after a word gives the logits of the next.
 * Dropout lies on all that goes into the LSTM and on the states that come out (Zaremba et al. 2014).
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {embed} from '../runtime/embedding';
import {bool, kernel, type} from '../runtime/kernels';
import {lstm, lstmCell} from '../runtime/lstm';
import {tf} from '../runtime/native';
import {dropout} from '../runtime/random';
import type {Decoder, DecoderState, DropoutKey} from './decoder';
import {featureConstants, standardize, WeightTable} from './weights';

export interface LstmOptions {
  /** Size of a word's vector. @default 256 */
  readonly embedding?: number;
  /** Size of the recurrent state. @default 512 */
  readonly units?: number;
  /** Part of the inputs and of the states that training leaves out. @default 0.5 */
  readonly dropout?: number;
  /** Of the weights' first values. @default 1 */
  readonly seed?: number;
}

const schema = z.strictObject({
  embedding: z.int().min(1).max(65536).default(256),
  units: z.int().min(1).max(65536).default(512),
  dropout: z.number().min(0).lt(1).default(0.5),
  seed: z
    .int()
    .min(-(2 ** 31))
    .lt(2 ** 31)
    .default(1),
});

/** Names of its options. */
export const lstmOptions: readonly string[] = Object.keys(schema.shape);

const layers = {input: 0, output: 1} as const;
const transposed = [bool('transpose_a', false), bool('transpose_b', true), type('T', 'float32')];

/**
 * @param vocabulary Number of word ids.
 * @param depth Depth of the pooled image features.
 * @throws CaptionerError `options`
 */
export function createLstm(vocabulary: number, depth: number, options: LstmOptions = {}): Decoder {
  const settings = parseOptions(schema, options, 'lstm decoder');
  const {embedding, units, seed} = settings;
  const weights = new WeightTable(seed)
    .matrix('image.weight', depth, embedding)
    .zeros('image.bias', embedding)
    .uniform('embedding', [vocabulary, embedding], 0.08)
    .matrix('lstm.weight', embedding + units, 4 * units)
    .gates('lstm.bias', units)
    .matrix('output.weight', vocabulary, units)
    .zeros('output.bias', vocabulary);
  return new Lstm(vocabulary, depth, settings, weights.all);
}

class Lstm implements Decoder {
  readonly kind = 'lstm';
  readonly features = 'pooled';
  readonly output: Decoder['output'];
  readonly constants: ReadonlyMap<string, tf.Variable>;

  constructor(
    readonly vocabulary: number,
    readonly depth: number,
    readonly options: Readonly<Required<LstmOptions>> & Readonly<Record<string, unknown>>,
    readonly weights: ReadonlyMap<string, tf.Variable>,
  ) {
    this.constants = featureConstants(depth);
    this.output = {weight: this.#weight('output.weight'), bias: this.#weight('output.bias')};
  }

  states(features: tf.Tensor, inputs: tf.Tensor2D, key?: DropoutKey): tf.Tensor3D {
    const [batch, steps] = inputs.shape;
    const {embedding, units, dropout: rate} = this.options;
    return tf.tidy(() => {
      const image = tf.reshape<tf.Rank.R3>(this.#project(features), [1, batch, embedding]);
      const words = embed(this.#weight('embedding'), tf.transpose(inputs)); // [steps, batch, embedding]
      let x = tf.concat<tf.Tensor3D>([image, words as tf.Tensor3D], 0);
      if (key !== undefined) x = dropout(x, rate, key, layers.input);
      const all = lstm(x, this.#weight<tf.Rank.R2>('lstm.weight'), this.#weight<tf.Rank.R1>('lstm.bias'));
      let states = tf.transpose(tf.slice(all, [1, 0, 0], [steps, batch, units]), [1, 0, 2]);
      if (key !== undefined) states = dropout(states, rate, key, layers.output);
      return states;
    });
  }

  logits(features: tf.Tensor, inputs: tf.Tensor2D): tf.Tensor3D {
    const [batch, steps] = inputs.shape;
    return tf.tidy(() => {
      const states = tf.reshape(this.states(features, inputs), [batch * steps, this.options.units]);
      const {weight, bias} = this.output;
      const logits = tf.add(tf.matMul(states, weight as tf.Variable<tf.Rank.R2>, false, true), bias);
      return tf.reshape(logits, [batch, steps, this.vocabulary]);
    });
  }

  begin(features: tf.Tensor): DecoderState {
    return tf.tidy(() => {
      const image = this.#project(features);
      const zeros = tf.zeros<tf.Rank.R2>([image.shape[0], this.options.units]);
      return this.#cell(image, zeros, zeros);
    });
  }

  step(tokens: tf.Tensor1D, state: DecoderState): {logits: tf.Tensor2D; state: DecoderState} {
    return tf.tidy(() => {
      const word = tf.gather(this.#weight<tf.Rank.R2>('embedding'), tokens);
      const [h, c] = this.#cell(word, state[0] as tf.Tensor2D, state[1] as tf.Tensor2D);
      const products = kernel('MatMul', [h, this.output.weight], transposed);
      const logits = kernel<tf.Tensor2D>('BiasAdd', [products, this.output.bias], [type('T', 'float32')]);
      return {logits, state: [h, c]};
    });
  }

  dispose(): void {
    for (const weight of [...this.weights.values(), ...this.constants.values()]) weight.dispose();
  }

  #cell(x: tf.Tensor2D, before: tf.Tensor2D, cell: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D] {
    const {h, c} = lstmCell(
      x,
      before,
      cell,
      this.#weight<tf.Rank.R2>('lstm.weight'),
      this.#weight<tf.Rank.R1>('lstm.bias'),
    );
    return [h, c];
  }

  #project(features: tf.Tensor): tf.Tensor2D {
    const standard = standardize(features as tf.Tensor2D, this.constants);
    const product = tf.matMul(standard, this.#weight<tf.Rank.R2>('image.weight'));
    return tf.add(product, this.#weight('image.bias'));
  }

  #weight<R extends tf.Rank>(name: string): tf.Variable<R> {
    return this.weights.get(name) as tf.Variable<R>;
  }
}
