/**
 * The decoder of «Knowing When to Look» (Lu et al. 2017, arXiv 1612.01887): an LSTM that sees the whole image beside each
 * word, and looks at the grid after each step; or not, since words like `of` can be read off what was said. A visual sentinel,
 * what the LSTM keeps of the sentence, competes with the cells for attention (section 2.3): what the cells' shares lack of 1 is
 * how little the word looked.
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {additiveAttention} from '../ops/additive-attention';
import {embed} from '../ops/embedding';
import {lstmWithCells} from '../ops/lstm';
import {lstmCell} from '../ops/lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {dropout} from '../ops/random';
import type {Attended, Decoder, DecoderState, DropoutKey} from './decoder';
import {meanOf, readGrid, type Grid} from './grid';
import {GridDecoder, seedOption, dropoutOption, sizeOption} from './base-decoder';
import {WeightInit} from './weight-init';

/** Options of the decoder `adaptive`. */
export interface AdaptiveOptions {
  /** Size of a word's vector, and of the whole image's. @default 256 */
  readonly embedding?: number;
  /** Size of the recurrent state, and of a cell of the grid once it is projected. @default 512 */
  readonly units?: number;
  /** Size of what states and cells are compared in. @default 512 */
  readonly attention?: number;
  /** Part of words, cells and outputs that training leaves out. @default 0.5 */
  readonly dropout?: number;
  /** Of the weights' first values. @default 1 */
  readonly seed?: number;
}

const schema = z.strictObject({
  embedding: sizeOption.default(256),
  units: sizeOption.default(512),
  attention: sizeOption.default(512),
  dropout: dropoutOption.default(0.5),
  seed: seedOption.default(1),
});

/** Names of its options. */
export const adaptiveOptions: readonly string[] = Object.keys(schema.shape);

const layers = {words: 0, grid: 1, output: 2} as const;

/**
 * @param vocabulary Number of word ids.
 * @param depth Depth of the grid of image features.
 * @throws CaptionerError `options`
 */
export function createAdaptive(vocabulary: number, depth: number, options: AdaptiveOptions = {}): Decoder {
  const settings = parseOptions(schema, options, 'adaptive decoder');
  const {embedding, units, attention, seed} = settings;
  const weights = new WeightInit(seed)
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
  return new Adaptive(vocabulary, depth, settings, weights.all);
}

class Adaptive extends GridDecoder<Required<AdaptiveOptions>> {
  readonly kind = 'adaptive';

  attend(features: tf.Tensor, inputs: tf.Tensor2D, key?: DropoutKey, images?: tf.Tensor1D): Attended {
    const [batch, steps] = inputs.shape;
    const {units, dropout: rate} = this.options;
    return tf.tidy((): Attended & tf.TensorContainerObject => {
      const drop = <T extends tf.Tensor>(x: T, layer: number): T =>
        key === undefined ? x : dropout(x, rate, key, layer);
      const grid = readGrid(features, this, (cells) => drop(cells, layers.grid), images);
      const words = embed(this.weight('embedding'), tf.transpose(inputs)); // [steps, batch, embedding]
      const whole = tf.tile(tf.expandDims(this.#whole(grid), 0), [steps, 1, 1]);
      const x = drop(tf.concat<tf.Tensor3D>([words as tf.Tensor3D, whole as tf.Tensor3D], 2), layers.words);
      const both = lstmWithCells(
        x,
        this.weight<tf.Rank.R2>('lstm.weight'),
        this.weight<tf.Rank.R1>('lstm.bias'),
      );
      const [h, c] = tf.split(both, 2, 2) as [tf.Tensor3D, tf.Tensor3D];
      const before = tf.concat<tf.Tensor3D>([
        tf.zeros<tf.Rank.R3>([1, batch, units]),
        tf.slice(h, 0, steps - 1),
      ]);
      const rows = (all: tf.Tensor3D): tf.Tensor2D => tf.reshape(all, [steps * batch, all.shape[2]]);
      const sentinel = this.#sentinel(rows(x), rows(before), rows(c));
      const {query, sentinelKey} = this.#queries(rows(h), sentinel);
      const {view, attention: maps} = this.#look(
        grid,
        tf.reshape(query, [steps, batch, -1]),
        sentinelKey,
        sentinel,
      );
      const states = tf.transpose(tf.add<tf.Tensor3D>(tf.reshape(view, [steps, batch, units]), h), [1, 0, 2]);
      const attention = tf.transpose<tf.Tensor3D>(tf.reshape(maps, [steps, batch, -1]), [1, 0, 2]);
      return {states: drop(states, layers.output), attention};
    });
  }

  begin(features: tf.Tensor): DecoderState {
    return tf.tidy(() => {
      const grid = readGrid(features, this);
      const [batch, views] = features.rank === 4 ? features.shape : [features.shape[0], 1];
      const zeros = (): tf.Tensor => tf.zeros([batch!, this.options.units]);
      const byView = (x: tf.Tensor3D): tf.Tensor => tf.reshape(x, [batch!, views!, -1, x.shape[2]]);
      return [zeros(), zeros(), this.#whole(grid), byView(grid.cells), byView(grid.keys)];
    });
  }

  step(
    tokens: tf.Tensor1D,
    state: DecoderState,
  ): {logits: tf.Tensor2D; state: DecoderState; attention: tf.Tensor2D} {
    return tf.tidy(() => {
      const [before, cell, whole] = state as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const [batch, views] = state[3]!.shape as [number, number];
      const [cells, keys] = state
        .slice(3)
        .map((part) => tf.reshape<tf.Rank.R3>(part, [batch, -1, part.shape[3]!])) as [
        tf.Tensor3D,
        tf.Tensor3D,
      ];
      const word = tf.gather(this.weight<tf.Rank.R2>('embedding'), tokens);
      const x = tf.concat<tf.Tensor2D>([word, whole], 1);
      const {h, c} = lstmCell(
        x,
        before,
        cell,
        this.weight<tf.Rank.R2>('lstm.weight'),
        this.weight<tf.Rank.R1>('lstm.bias'),
      );
      const sentinel = this.#sentinel(x, before, c);
      const {query, sentinelKey} = this.#queries(h, sentinel);
      const {view, attention} = this.#look(
        {cells, keys},
        tf.expandDims(query, 0),
        sentinelKey,
        sentinel,
        views,
      );
      const logits = this.wordsOf(tf.add(view, h));
      return {logits, attention, state: [h, c, ...state.slice(2).map((part) => tf.clone(part))]};
    });
  }

  /** The whole image, as large as a word, `[batch, embedding]`. */
  #whole(grid: Grid): tf.Tensor2D {
    const product = tf.matMul(meanOf(grid), this.weight<tf.Rank.R2>('whole.weight'));
    return tf.relu(tf.add<tf.Tensor2D>(product, this.weight('whole.bias')));
  }

  /** What the LSTM keeps of the sentence (equations 9 and 10), `[rows, units]`. */
  #sentinel(x: tf.Tensor2D, before: tf.Tensor2D, c: tf.Tensor2D): tf.Tensor2D {
    const read = tf.matMul(
      tf.concat<tf.Tensor2D>([x, before], 1),
      this.weight<tf.Rank.R2>('sentinel.weight'),
    );
    return tf.mul(tf.sigmoid(read), tf.tanh(c));
  }

  #queries(h: tf.Tensor2D, sentinel: tf.Tensor2D): {query: tf.Tensor2D; sentinelKey: tf.Tensor2D} {
    const query = tf.matMul<tf.Tensor2D>(h, this.weight<tf.Rank.R2>('attention.state'));
    const key = tf.matMul(sentinel, this.weight<tf.Rank.R2>('attention.sentinel'));
    return {query, sentinelKey: tf.add(key, this.weight('attention.bias'))};
  }

  /**
   * The sentinel is one cell more (equation 12); what is seen is the mixture of all (equation 11).
   *
   * @param queries `[steps, batch, attention]`; the sentinels in rows, `[steps · batch, …]`, as what comes out.
   * @param views Of each of which it is a cell more, so that more cells do not make it count for less.
   */
  #look(
    {cells, keys}: Grid,
    queries: tf.Tensor3D,
    sentinelKey: tf.Tensor2D,
    sentinel: tf.Tensor2D,
    views: number = 1,
  ): {view: tf.Tensor2D; attention: tf.Tensor2D} {
    const [, count, units] = cells.shape;
    const [rows, attention] = sentinelKey.shape;
    const score = this.weight<tf.Rank.R2>('attention.score');
    const looks = tf.reshape(additiveAttention(keys, queries, score, cells), [rows, -1]);
    const [context, map, total] = tf.split(looks, [units, count, 1], 1) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    const asked = tf.reshape<tf.Rank.R2>(queries, [rows, attention]);
    const compared = tf.tanh(tf.add<tf.Tensor2D>(asked, sentinelKey));
    const energy: tf.Tensor2D = tf.add(tf.matMul(compared, score), Math.log(views));
    // Its share among all: exp(energy) / (exp(energy) + exp(total)).
    const share = tf.sigmoid(tf.sub<tf.Tensor2D>(energy, total));
    const rest: tf.Tensor2D = tf.sub(1, share);
    return {
      view: tf.add(tf.mul(context, rest), tf.mul(sentinel, share)),
      attention: tf.mul(map, rest),
    };
  }
}
