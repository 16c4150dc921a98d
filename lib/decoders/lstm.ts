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
import {dropout, mix, uniform} from '../runtime/random';
import type {Decoder, DecoderState, DropoutKey} from './decoder';

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
  // Glorot and Bengio 2010 for what is multiplied; the forget gate begins open (Jozefowicz et al. 2015).
  const glorot = (rows: number, columns: number) => Math.sqrt(6 / (rows + columns));
  const weights = new Map<string, tf.Variable>();
  const add = (name: string, shape: readonly number[], limit: number) =>
    weights.set(name, initial(shape, limit, [seed, weights.size]));
  add('image.weight', [depth, embedding], glorot(depth, embedding));
  add('image.bias', [embedding], 0);
  add('embedding', [vocabulary, embedding], 0.08);
  add('lstm.weight', [embedding + units, 4 * units], glorot(embedding + units, units));
  weights.set('lstm.bias', forgetGateOpen(units));
  add('output.weight', [vocabulary, units], glorot(vocabulary, units));
  add('output.bias', [vocabulary], 0);
  return new Lstm(vocabulary, depth, settings, weights);
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
    // Features of a CNN are small and mostly zero; standardised, the image is as loud as a word from the first step on.
    this.constants = new Map([
      ['features.mean', tf.tidy(() => tf.variable(tf.zeros([depth]), false))],
      ['features.deviation', tf.tidy(() => tf.variable(tf.ones([depth]), false))],
    ]);
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
    const centred = tf.sub(features, this.constants.get('features.mean')!);
    const standard = tf.div(centred, this.constants.get('features.deviation')!);
    const product = tf.matMul(standard, this.#weight<tf.Rank.R2>('image.weight'));
    return tf.add(product, this.#weight('image.bias'));
  }

  #weight<R extends tf.Rank>(name: string): tf.Variable<R> {
    return this.weights.get(name) as tf.Variable<R>;
  }
}

/** Uniform between -limit and limit. */
function initial(
  shape: readonly number[],
  limit: number,
  [seed, place]: readonly [number, number],
): tf.Variable {
  return tf.tidy(() => {
    const numbers = limit === 0 ? tf.zeros([...shape]) : uniform(shape, [mix(seed, place), place]);
    return tf.variable(limit === 0 ? numbers : numbers.mul(2 * limit).sub(limit));
  });
}

function forgetGateOpen(units: number): tf.Variable {
  const gates = new Float32Array(4 * units).fill(1, 2 * units, 3 * units);
  return tf.tidy(() => tf.variable(tf.tensor1d(gates)));
}
