/**
 * The adaptive attention decoder of «Knowing When to Look» (Lu et al. 2017, arXiv 1612.01887). The LSTM reads the global image feature
 * along with each word and attends to the grid after each step. Words such as `of` follow from the sentence alone, so a visual
 * sentinel, a gated read-out of the LSTM's memory, competes with the cells for attention (section 2.3). The attention weights of the
 * cells therefore sum to 1 minus the weight of the sentinel.
 */
import type {AdaptiveOptions} from '../option-types';
import {parseOptions} from '../options';
import {additiveAttention} from '../ops/additive-attention';
import {embedStepsFirst} from '../ops/embedding';
import {lstmWithCells} from '../ops/lstm';
import {lstmCell} from '../ops/lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {dropout} from '../ops/random';
import type {Attended, Decoder, DecoderState, DropoutKey, WordInputs} from './decoder';
import {meanOf, readGrid, type Grid} from './grid';
import {GridDecoder} from './base-decoder';
import {adaptiveOptions} from './decoder-options';
import {WeightInit} from './weight-init';
import {createWeights} from './create-weights';

export type {AdaptiveOptions};

/** Numbers of the dropout masks. */
const masks = {words: 0, grid: 1, output: 2} as const;

/**
 * Creates an adaptive attention decoder with initial weights.
 *
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 * @throws CaptionerError `options`
 */
export function createAdaptive(vocabulary: number, depth: number, options: AdaptiveOptions = {}): Decoder {
  const settings = parseOptions(adaptiveOptions.schema, options, adaptiveOptions.owner);
  const weights = createWeights(adaptiveOptions.owner, settings, (given) =>
    planAdaptive(vocabulary, depth, given),
  );
  return new Adaptive(vocabulary, depth, settings, weights);
}

/**
 * Plans the weights of an adaptive attention decoder.
 *
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 */
export function planAdaptive(
  vocabulary: number,
  depth: number,
  {embedding, units, attention, seed}: Readonly<Required<AdaptiveOptions>>,
): WeightInit {
  return new WeightInit(seed)
    .matrix('image.weight', depth, units)
    .zeros('image.bias', units)
    .matrix('whole.weight', units, embedding)
    .zeros('whole.bias', embedding)
    .uniform('embedding', [vocabulary, embedding], 0.08)
    .matrix('lstm.weight', 2 * embedding + units, 4 * units)
    .gates('lstm.bias', units)
    .matrix('sentinel.weight', 2 * embedding + units, units)
    .matrix('attention.image', units, attention)
    .matrix('attention.sentinel', units, attention)
    .matrix('attention.state', units, attention)
    .zeros('attention.bias', attention)
    .matrix('attention.score', attention, 1)
    .matrix('output.weight', vocabulary, units)
    .zeros('output.bias', vocabulary);
}

class Adaptive extends GridDecoder<Required<AdaptiveOptions>> {
  readonly kind = 'adaptive';

  attend(features: tf.Tensor, inputs: WordInputs, key?: DropoutKey, images?: tf.Tensor1D): Attended {
    const [batch, steps] = inputs.shape;
    const {units, dropout: rate} = this.options;
    return tf.tidy((): Attended & tf.TensorContainerObject => {
      const drop = <T extends tf.Tensor>(x: T, mask: number): T =>
        key === undefined ? x : dropout(x, rate, key, mask);
      const grid = readGrid(features, this, (cells) => drop(cells, masks.grid), images);
      const words = embedStepsFirst(this.weight('embedding'), inputs); // [steps, batch, embedding]
      const global = tf.tile(tf.expandDims(this.#globalFeature(grid), 0), [steps, 1, 1]);
      const x = drop(tf.concat<tf.Tensor3D>([words, global as tf.Tensor3D], 2), masks.words);
      const statesAndCells = lstmWithCells(
        x,
        this.weight<tf.Rank.R2>('lstm.weight'),
        this.weight<tf.Rank.R1>('lstm.bias'),
      );
      const [h, c] = tf.split(statesAndCells, 2, 2) as [tf.Tensor3D, tf.Tensor3D];
      const previous = tf.concat<tf.Tensor3D>([
        tf.zeros<tf.Rank.R3>([1, batch, units]),
        tf.slice(h, 0, steps - 1),
      ]);
      const rows = (all: tf.Tensor3D): tf.Tensor2D => tf.reshape(all, [steps * batch, all.shape[2]]);
      const sentinel = this.#sentinel(rows(x), rows(previous), rows(c));
      const {query, sentinelKey} = this.#queries(rows(h), sentinel);
      const {context, attention: maps} = this.#attend(
        grid,
        tf.reshape(query, [steps, batch, -1]),
        sentinelKey,
        sentinel,
        features.rank === 4 ? features.shape[1] : 1,
      );
      const states = tf.transpose(
        tf.add<tf.Tensor3D>(tf.reshape(context, [steps, batch, units]), h),
        [1, 0, 2],
      );
      const attention = tf.transpose<tf.Tensor3D>(tf.reshape(maps, [steps, batch, -1]), [1, 0, 2]);
      return {states: drop(states, masks.output), attention};
    });
  }

  begin(features: tf.Tensor): DecoderState {
    return tf.tidy(() => {
      const grid = readGrid(features, this);
      const [batch, views] = features.rank === 4 ? features.shape : [features.shape[0], 1];
      const zeros = (): tf.Tensor => tf.zeros([batch!, this.options.units]);
      const byView = (x: tf.Tensor3D): tf.Tensor => tf.reshape(x, [batch!, views!, -1, x.shape[2]]);
      return [zeros(), zeros(), this.#globalFeature(grid), byView(grid.cells), byView(grid.keys)];
    });
  }

  step(
    tokens: tf.Tensor1D,
    state: DecoderState,
  ): {logits: tf.Tensor2D; state: DecoderState; attention: tf.Tensor2D} {
    return tf.tidy(() => {
      const [previous, memory, global] = state as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const [batch, views] = state[3]!.shape as [number, number];
      const [cells, keys] = state
        .slice(3)
        .map((part) => tf.reshape<tf.Rank.R3>(part, [batch, -1, part.shape[3]!])) as [
        tf.Tensor3D,
        tf.Tensor3D,
      ];
      const word = tf.gather(this.weight<tf.Rank.R2>('embedding'), tokens);
      const x = tf.concat<tf.Tensor2D>([word, global], 1);
      const {h, c} = lstmCell(
        x,
        previous,
        memory,
        this.weight<tf.Rank.R2>('lstm.weight'),
        this.weight<tf.Rank.R1>('lstm.bias'),
      );
      const sentinel = this.#sentinel(x, previous, c);
      const {query, sentinelKey} = this.#queries(h, sentinel);
      const {context, attention} = this.#attend(
        {cells, keys},
        tf.expandDims(query, 0),
        sentinelKey,
        sentinel,
        views,
      );
      const logits = this.logitsOf(tf.add(context, h));
      return {logits, attention, state: [h, c, ...state.slice(2).map((part) => tf.clone(part))]};
    });
  }

  /** Projects the mean of the grid to the global image feature, `[batch, embedding]`. */
  #globalFeature(grid: Grid): tf.Tensor2D {
    const product = tf.matMul(meanOf(grid), this.weight<tf.Rank.R2>('whole.weight'));
    return tf.relu(tf.add<tf.Tensor2D>(product, this.weight('whole.bias')));
  }

  /** Computes the visual sentinel (equations 9 and 10), `[rows, units]`, from input, previous hidden state and cell state. */
  #sentinel(x: tf.Tensor2D, previous: tf.Tensor2D, c: tf.Tensor2D): tf.Tensor2D {
    const gate = tf.matMul(
      tf.concat<tf.Tensor2D>([x, previous], 1),
      this.weight<tf.Rank.R2>('sentinel.weight'),
    );
    return tf.mul(tf.sigmoid(gate), tf.tanh(c));
  }

  /** Projects hidden states and sentinels to the attention space, `[rows, attention]` each. */
  #queries(h: tf.Tensor2D, sentinel: tf.Tensor2D): {query: tf.Tensor2D; sentinelKey: tf.Tensor2D} {
    const query = tf.matMul<tf.Tensor2D>(h, this.weight<tf.Rank.R2>('attention.state'));
    const key = tf.matMul(sentinel, this.weight<tf.Rank.R2>('attention.sentinel'));
    return {query, sentinelKey: tf.add(key, this.weight('attention.bias'))};
  }

  /**
   * Attends to the cells and the sentinel together (equation 12) and mixes them to the context (equation 11).
   *
   * @param queries `[steps, batch, attention]`. The sentinel and both results have one row per query, `[steps · batch, …]`.
   * @param views Number of views in the grid. The sentinel counts once per view, so that more views don't lower its weight.
   */
  #attend(
    {cells, keys}: Grid,
    queries: tf.Tensor3D,
    sentinelKey: tf.Tensor2D,
    sentinel: tf.Tensor2D,
    views: number = 1,
  ): {context: tf.Tensor2D; attention: tf.Tensor2D} {
    const [, count, units] = cells.shape;
    const [rows, attention] = sentinelKey.shape;
    const score = this.weight<tf.Rank.R2>('attention.score');
    const attended = tf.reshape(additiveAttention(keys, queries, score, cells), [rows, -1]);
    const [context, map, logSum] = tf.split(attended, [units, count, 1], 1) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const query = tf.reshape<tf.Rank.R2>(queries, [rows, attention]);
    const hidden = tf.tanh(tf.add<tf.Tensor2D>(query, sentinelKey));
    const energy: tf.Tensor2D = tf.add(tf.matMul(hidden, score), Math.log(views));
    // The sentinel's attention weight: exp(energy) / (exp(energy) + exp(logSum)).
    const beta = tf.sigmoid(tf.sub<tf.Tensor2D>(energy, logSum));
    const rest: tf.Tensor2D = tf.sub(1, beta);
    return {
      context: tf.add(tf.mul(context, rest), tf.mul(sentinel, beta)),
      attention: tf.mul(map, rest),
    };
  }
}
