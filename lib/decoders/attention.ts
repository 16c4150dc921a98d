/**
 * The soft attention decoder of «Show, Attend and Tell» (Xu et al. 2015, arXiv 1502.03044). Before each word it attends to the grid,
 * with its hidden state as the query. A gate scales the context that enters the LSTM (section 4.2.1). Hidden state, context and
 * previous word together give the logits (deep output, equation 7).
 */
import type {AttentionOptions} from '../option-types';
import {parseOptions} from '../options';
import {attentionStep} from '../ops/additive-attention';
import {attentionLstm} from '../ops/attention-lstm';
import {embedStepsFirst} from '../ops/embedding';
import {lstmCell} from '../ops/lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {dropout} from '../ops/random';
import type {Attended, Decoder, DecoderState, DropoutKey, WordInputs} from './decoder';
import {meanOf, readGrid, type Grid} from './grid';
import {GridDecoder} from './base-decoder';
import {attentionOptions} from './decoder-options';
import {WeightInit} from './weight-init';
import {createWeights} from './create-weights';

export type {AttentionOptions};

/** Numbers of the dropout masks. */
const masks = {words: 0, grid: 1, output: 2} as const;

/**
 * Creates a soft attention decoder with initial weights.
 *
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 * @throws CaptionerError `options`
 */
export function createAttention(vocabulary: number, depth: number, options: AttentionOptions = {}): Decoder {
  const settings = parseOptions(attentionOptions.schema, options, attentionOptions.owner);
  const weights = createWeights(attentionOptions.owner, settings, (given) =>
    planAttention(vocabulary, depth, given),
  );
  return new Attention(vocabulary, depth, settings, weights);
}

/**
 * Plans the weights of a soft attention decoder.
 *
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 */
export function planAttention(
  vocabulary: number,
  depth: number,
  {embedding, units, attention, seed}: Readonly<Required<AttentionOptions>>,
): WeightInit {
  return new WeightInit(seed)
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
}

class Attention extends GridDecoder<Required<AttentionOptions>> {
  readonly kind = 'attention';

  attend(features: tf.Tensor, inputs: WordInputs, key?: DropoutKey, images?: tf.Tensor1D): Attended {
    const [batch, steps] = inputs.shape;
    const {embedding, units, dropout: rate, regularization} = this.options;
    return tf.tidy((): Attended & tf.TensorContainerObject => {
      const drop = <T extends tf.Tensor>(x: T, mask: number): T =>
        key === undefined ? x : dropout(x, rate, key, mask);
      const grid = readGrid(features, this, (cells) => drop(cells, masks.grid), images);
      const embedded = drop(embedStepsFirst(this.weight('embedding'), inputs), masks.words); // [steps, batch, embedding]
      const [wordWeight, stateWeight] = tf.split(
        this.weight<tf.Rank.R2>('lstm.weight'),
        [embedding, 2 * units],
        0,
      ) as [tf.Tensor2D, tf.Tensor2D];
      const flat = tf.reshape<tf.Rank.R2>(embedded, [steps * batch, embedding]);
      const gates = tf.add(tf.matMul(flat, wordWeight), this.weight('lstm.bias'));
      const [h, c] = this.#initialState(grid);
      const attended = attentionLstm({
        words: tf.reshape(gates, [steps, batch, 4 * units]),
        ...{h, c, keys: grid.keys, values: grid.cells},
        query: this.weight('attention.state'),
        score: this.weight('attention.score'),
        gate: this.weight('gate.weight'),
        gateBias: this.weight('gate.bias'),
        weight: stateWeight,
      });
      const [hs, contexts, maps] = tf.split(attended, [units, units, -1], 2) as [
        tf.Tensor3D,
        tf.Tensor3D,
        tf.Tensor3D,
      ];
      const rows = (x: tf.Tensor3D): tf.Tensor2D => tf.reshape(x, [steps * batch, units]);
      const states = this.#deepOutput(flat, rows(hs), rows(contexts));
      const attention = tf.transpose(maps, [1, 0, 2]);
      const bySteps = tf.reshape<tf.Rank.R3>(states, [steps, batch, embedding]);
      const all = {states: drop(tf.transpose(bySteps, [1, 0, 2]), masks.output), attention};
      if (inputs.rank === 3) return all; // embeddings don't say what is padding
      // Doubly stochastic attention (equation 14). Padding doesn't count: neither steps nor whole captions of it.
      const words = tf.cast(tf.greater(inputs, 0), 'float32');
      const captions = tf.max(words, 1); // [batch]
      const coverage = tf.sum(tf.mul(attention, tf.expandDims(words, 2)), 1); // [batch, cells]
      const uneven = tf.mul(tf.mean(tf.square(tf.sub(1, coverage)), 1), captions);
      const penalty = tf.mul<tf.Scalar>(tf.div(tf.sum(uneven), tf.sum(captions)), regularization);
      return {...all, penalty};
    });
  }

  begin(features: tf.Tensor): DecoderState {
    return tf.tidy(() => {
      const grid = readGrid(features, this);
      return [...this.#initialState(grid), grid.cells, grid.keys];
    });
  }

  step(
    tokens: tf.Tensor1D,
    state: DecoderState,
  ): {logits: tf.Tensor2D; state: DecoderState; attention: tf.Tensor2D} {
    return tf.tidy(() => {
      const [previous, memory, cells, keys] = state as [tf.Tensor2D, tf.Tensor2D, tf.Tensor3D, tf.Tensor3D];
      const word = tf.gather(this.weight<tf.Rank.R2>('embedding'), tokens);
      const {context, attention} = this.#attend({cells, keys}, previous);
      const {h, c} = lstmCell(
        tf.concat<tf.Tensor2D>([word, context], 1),
        previous,
        memory,
        this.weight<tf.Rank.R2>('lstm.weight'),
        this.weight<tf.Rank.R1>('lstm.bias'),
      );
      const logits = this.logitsOf(this.#deepOutput(word, h, context));
      return {logits, attention, state: [h, c, tf.clone(cells), tf.clone(keys)]};
    });
  }

  /** Predicts the initial hidden and cell state from the mean of the grid, `[batch, units]` each. */
  #initialState(grid: Grid): [tf.Tensor2D, tf.Tensor2D] {
    const both = tf.tanh(
      tf.add(tf.matMul(meanOf(grid), this.weight<tf.Rank.R2>('begin.weight')), this.weight('begin.bias')),
    );
    return tf.split(both, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  }

  /** Attends to the grid with the previous hidden state. Returns the gated context and the attention weights. */
  #attend({cells, keys}: Grid, previous: tf.Tensor2D): {context: tf.Tensor2D; attention: tf.Tensor2D} {
    const query = tf.matMul<tf.Tensor2D>(previous, this.weight<tf.Rank.R2>('attention.state'));
    const {context, alpha} = attentionStep(keys, query, this.weight('attention.score'), cells);
    const gate = tf.sigmoid(
      tf.add(tf.matMul(previous, this.weight<tf.Rank.R2>('gate.weight')), this.weight('gate.bias')),
    );
    return {
      context: tf.mul<tf.Tensor2D>(context, gate),
      attention: tf.reshape(alpha, [previous.shape[0], -1]),
    };
  }

  /** Sums the embedded previous word and the projected hidden state and context (equation 7), `[rows, embedding]`. */
  #deepOutput(word: tf.Tensor2D, h: tf.Tensor2D, context: tf.Tensor2D): tf.Tensor2D {
    const stateTerm = tf.matMul(h, this.weight<tf.Rank.R2>('output.state'));
    const contextTerm = tf.matMul(context, this.weight<tf.Rank.R2>('output.view'));
    return tf.add(word, tf.add(stateTerm, contextTerm));
  }
}
