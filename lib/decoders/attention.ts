/**
 * The decoder of «Show, Attend and Tell» (Xu et al. 2015, arXiv 1502.03044) with soft attention: before each word it looks at
 * the grid again. Which cells it looks at depends on its state; a gate says how much of what it sees goes into the LSTM
 * (section 4.2.1); state, view and last word together give the next one (deep output, equation 7).
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {look} from '../ops/additive-attention';
import {attentionLstm} from '../ops/attention-lstm';
import {embed} from '../ops/embedding';
import {lstmCell} from '../ops/lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {dropout} from '../ops/random';
import type {Attended, Decoder, DecoderState, DropoutKey} from './decoder';
import {meanOf, readGrid, type Grid} from './grid';
import {GridDecoder, seedOption, dropoutOption, sizeOption} from './base-decoder';
import {WeightInit} from './weight-init';

/** Options of the decoder `attention`. */
export interface AttentionOptions {
  /** Size of a word's vector. @default 256 */
  readonly embedding?: number;
  /** Size of the recurrent state, and of a cell of the grid once it is projected. @default 512 */
  readonly units?: number;
  /** Size of what states and cells are compared in. @default 512 */
  readonly attention?: number;
  /** Part of words, cells and outputs that training leaves out. @default 0.5 */
  readonly dropout?: number;
  /** How much it counts in training that every cell is looked at, over a sentence, once in all (equation 14). @default 1 */
  readonly regularization?: number;
  /** Of the weights' first values. @default 1 */
  readonly seed?: number;
}

const schema = z.strictObject({
  embedding: sizeOption.default(256),
  units: sizeOption.default(512),
  attention: sizeOption.default(512),
  dropout: dropoutOption.default(0.5),
  regularization: z.number().min(0).max(1000).default(1),
  seed: seedOption.default(1),
});

/** Names of its options. */
export const attentionOptions: readonly string[] = Object.keys(schema.shape);

const layers = {words: 0, grid: 1, output: 2} as const;

/**
 * @param vocabulary Number of word ids.
 * @param depth Depth of the grid of image features.
 * @throws CaptionerError `options`
 */
export function createAttention(vocabulary: number, depth: number, options: AttentionOptions = {}): Decoder {
  const settings = parseOptions(schema, options, 'attention decoder');
  const {embedding, units, attention, seed} = settings;
  const weights = new WeightInit(seed)
    .matrix('image.weight', depth, units)
    .zeros('image.bias', units)
    .uniform('embedding', [vocabulary, embedding], 0.08)
    .matrix('begin.weight', units, 2 * units)
    .zeros('begin.bias', 2 * units)
    .matrix('attention.image', units, attention)
    .matrix('attention.state', units, attention)
    .zeros('attention.bias', attention)
    .matrix('attention.score', attention, 1)
    .matrix('gate.weight', units, 1)
    .zeros('gate.bias', 1)
    .matrix('lstm.weight', embedding + 2 * units, 4 * units)
    .gates('lstm.bias', units)
    .matrix('output.state', units, embedding)
    .matrix('output.view', units, embedding)
    .matrix('output.weight', vocabulary, embedding)
    .zeros('output.bias', vocabulary);
  return new Attention(vocabulary, depth, settings, weights.all);
}

class Attention extends GridDecoder<Required<AttentionOptions>> {
  readonly kind = 'attention';

  attend(features: tf.Tensor, inputs: tf.Tensor2D, key?: DropoutKey, images?: tf.Tensor1D): Attended {
    const [batch, steps] = inputs.shape;
    const {embedding, units, dropout: rate, regularization} = this.options;
    return tf.tidy((): Attended & tf.TensorContainerObject => {
      const drop = <T extends tf.Tensor>(x: T, layer: number): T =>
        key === undefined ? x : dropout(x, rate, key, layer);
      const grid = readGrid(features, this, (cells) => drop(cells, layers.grid), images);
      const words = drop(embed(this.weight('embedding'), tf.transpose(inputs)), layers.words); // [steps, batch, embedding]
      const [ofWords, ofOthers] = tf.split(
        this.weight<tf.Rank.R2>('lstm.weight'),
        [embedding, 2 * units],
        0,
      ) as [tf.Tensor2D, tf.Tensor2D];
      const flat = tf.reshape<tf.Rank.R2>(words, [steps * batch, embedding]);
      const gates = tf.add(tf.matMul(flat, ofWords), this.weight('lstm.bias'));
      const [h, c] = this.#first(grid);
      const all = attentionLstm({
        words: tf.reshape(gates, [steps, batch, 4 * units]),
        ...{h, c, keys: grid.keys, values: grid.cells},
        query: this.weight('attention.state'),
        score: this.weight('attention.score'),
        gate: this.weight('gate.weight'),
        gateBias: this.weight('gate.bias'),
        weight: ofOthers,
      });
      const [hs, views, maps] = tf.split(all, [units, units, -1], 2) as [
        tf.Tensor3D,
        tf.Tensor3D,
        tf.Tensor3D,
      ];
      const rows = (x: tf.Tensor3D): tf.Tensor2D => tf.reshape(x, [steps * batch, units]);
      const states = this.#deepOutput(flat, rows(hs), rows(views));
      const attention = tf.transpose(maps, [1, 0, 2]);
      // Words behind the end are not looked for, so where they would look does not count.
      const real = tf.expandDims(tf.cast(tf.greater(inputs, 0), 'float32'), 2);
      const looked = tf.sum(tf.mul(attention, real), 1); // [batch, cells]
      const penalty = tf.mul<tf.Scalar>(tf.mean(tf.square(tf.sub(1, looked))), regularization);
      const bySteps = tf.reshape<tf.Rank.R3>(states, [steps, batch, embedding]);
      return {states: drop(tf.transpose(bySteps, [1, 0, 2]), layers.output), attention, penalty};
    });
  }

  begin(features: tf.Tensor): DecoderState {
    return tf.tidy(() => {
      const grid = readGrid(features, this);
      return [...this.#first(grid), grid.cells, grid.keys];
    });
  }

  step(
    tokens: tf.Tensor1D,
    state: DecoderState,
  ): {logits: tf.Tensor2D; state: DecoderState; attention: tf.Tensor2D} {
    return tf.tidy(() => {
      const [before, cell, cells, keys] = state as [tf.Tensor2D, tf.Tensor2D, tf.Tensor3D, tf.Tensor3D];
      const word = tf.gather(this.weight<tf.Rank.R2>('embedding'), tokens);
      const {view, attention} = this.#look({cells, keys}, before);
      const {h, c} = lstmCell(
        tf.concat<tf.Tensor2D>([word, view], 1),
        before,
        cell,
        this.weight<tf.Rank.R2>('lstm.weight'),
        this.weight<tf.Rank.R1>('lstm.bias'),
      );
      const logits = this.wordsOf(this.#deepOutput(word, h, view));
      return {logits, attention, state: [h, c, tf.clone(cells), tf.clone(keys)]};
    });
  }

  /** State and cell before the first word, from the mean of the grid. */
  #first(grid: Grid): [tf.Tensor2D, tf.Tensor2D] {
    const both = tf.tanh(
      tf.add(tf.matMul(meanOf(grid), this.weight<tf.Rank.R2>('begin.weight')), this.weight('begin.bias')),
    );
    return tf.split(both, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  }

  /** Where the state before makes it look, and what is seen there, behind the gate. */
  #look({cells, keys}: Grid, before: tf.Tensor2D): {view: tf.Tensor2D; attention: tf.Tensor2D} {
    const query = tf.matMul<tf.Tensor2D>(before, this.weight<tf.Rank.R2>('attention.state'));
    const {context, alpha} = look(keys, query, this.weight('attention.score'), cells);
    const opened = tf.sigmoid(
      tf.add(tf.matMul(before, this.weight<tf.Rank.R2>('gate.weight')), this.weight('gate.bias')),
    );
    return {
      view: tf.mul<tf.Tensor2D>(context, opened),
      attention: tf.reshape(alpha, [before.shape[0], -1]),
    };
  }

  /** All `[rows, …]`; the word is that before the one to come. */
  #deepOutput(word: tf.Tensor2D, h: tf.Tensor2D, view: tf.Tensor2D): tf.Tensor2D {
    const ofState = tf.matMul(h, this.weight<tf.Rank.R2>('output.state'));
    const ofView = tf.matMul(view, this.weight<tf.Rank.R2>('output.view'));
    return tf.add(word, tf.add(ofState, ofView));
  }
}
