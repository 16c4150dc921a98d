/**
 * A transformer (Vaswani et al. 2017, arXiv 1706.03762): an encoder with self-attention over the cells of the grid, and a decoder with
 * causal self-attention over the words and cross-attention to the cells. Input embedding and output layer share one weight (Press and
 * Wolf 2017, arXiv 1608.05859).
 */
import type {TransformerOptions} from '../option-types';
import {parseOptions} from '../options';
import {embed} from '../ops/embedding';
import {tf} from '../tensorflow/tensorflow';
import {dropout} from '../ops/random';
import type {Attended, Decoder, DecoderState, DecoderStep, DropoutKey, WordInputs} from './decoder';
import {
  causalMask,
  cellPositions,
  feedForward,
  linear,
  norm,
  scaledDotProductAttention,
  splitHeads,
  wordCache,
  wordPositions,
  type Drop,
  type KeysValues,
} from './transformer-layers';
import {GridDecoder} from './base-decoder';
import {transformerOptions} from './decoder-options';
import {gatherImages, standardize, WeightInit} from './weight-init';
import {createWeights} from './create-weights';

export type {TransformerOptions};

/**
 * Creates a transformer decoder with initial weights.
 *
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 * @throws CaptionerError `options`
 */
export function createTransformer(
  vocabulary: number,
  depth: number,
  options: TransformerOptions = {},
): Decoder {
  const settings = parseOptions(transformerOptions.schema, options, transformerOptions.owner);
  const weights = createWeights(transformerOptions.owner, settings, (given) =>
    planTransformer(vocabulary, depth, given),
  );
  return new Transformer(vocabulary, depth, settings, weights, 'embedding');
}

class Transformer extends GridDecoder<Required<TransformerOptions>> {
  readonly kind = 'transformer';

  attend(features: tf.Tensor, inputs: WordInputs, key?: DropoutKey, images?: tf.Tensor1D): Attended {
    return tf.tidy((): Attended & tf.TensorContainerObject => {
      const {states, attention} = this.#decode(features, inputs, key, images);
      return {states, attention: tf.mean(attention.at(-1)!, 1)};
    });
  }

  attentionOfHeads(features: tf.Tensor, inputs: tf.Tensor2D): tf.Tensor4D[] {
    return tf.tidy(() => this.#decode(features, inputs).attention);
  }

  /** Computes states and the cross-attention weights of each layer, `[batch, heads, steps, cells]`. Call it in `tf.tidy`. */
  #decode(
    features: tf.Tensor,
    inputs: WordInputs,
    key?: DropoutKey,
    images?: tf.Tensor1D,
  ): {states: tf.Tensor3D; attention: tf.Tensor4D[]} {
    const [batch, steps] = inputs.shape;
    const {units, dropout: rate} = this.options;
    let mask = 0;
    const drop: Drop = (x) => (key === undefined ? x : dropout(x, rate, key, mask++));
    const cells = this.#encodeCells(features, drop);
    const causal = causalMask(steps);
    const embedded = inputs.rank === 3 ? inputs : embed(this.weight<tf.Rank.R2>('embedding'), inputs);
    const words = tf.mul<tf.Tensor>(embedded, Math.sqrt(units));
    const positioned = tf.add(words, wordPositions(0, steps, units));
    let x = drop(tf.reshape<tf.Rank.R2>(positioned, [batch * steps, units]));
    const attention: tf.Tensor4D[] = [];
    for (const k of this.#layers) {
      const self = (own: KeysValues): KeysValues => own;
      const layer = this.#decoderLayer(
        k,
        x,
        batch,
        {self, cells: this.#memory(cells, features.shape[0], k, images), mask: causal},
        drop,
      );
      x = layer.x;
      attention.push(layer.attention);
    }
    const states = tf.reshape<tf.Rank.R3>(norm(x, this.weights, 'words.norm'), [batch, steps, units]);
    return {states: drop(states), attention};
  }

  /**
   * For each layer: cached keys and values of the words so far (empty at first), then keys and values of the cells. With a length, the
   * caches have room for so many words, and the position of the next one follows, `[batch, 1]`.
   */
  begin(features: tf.Tensor, length = 0): DecoderState {
    const [batch] = features.shape as [number];
    const {units, heads} = this.options;
    return tf.tidy(() => {
      const cells = this.#encodeCells(features, (x) => x);
      const layers = this.#layers.flatMap((k) => {
        const {keys, values} = this.#memory(cells, batch, k);
        const empty = (): tf.Tensor => tf.zeros([batch, heads, length, units / heads]);
        return [empty(), empty(), keys, values];
      });
      return length > 0 ? [...layers, tf.zeros([batch, 1])] : layers;
    });
  }

  lengthen(state: DecoderState, length: number): DecoderState {
    return state.map((part, at) =>
      at % 4 < 2 && at < 4 * this.options.layers
        ? tf.pad(part as tf.Tensor4D, [
            [0, 0],
            [0, 0],
            [0, length],
            [0, 0],
          ])
        : tf.clone(part),
    );
  }

  step(tokens: tf.Tensor1D, state: DecoderState): DecoderStep & {attention: tf.Tensor2D} {
    const {units} = this.options;
    return tf.tidy(() => {
      const [batch] = tokens.shape;
      const {encoding, mask, after, positions} = wordCache(state, 4 * this.options.layers, units);
      const word = tf.mul(tf.gather(this.weight<tf.Rank.R2>('embedding'), tokens), Math.sqrt(units));
      let x = tf.add<tf.Tensor2D>(word, encoding);
      const next: tf.Tensor[] = [];
      let attention: tf.Tensor4D;
      for (const [at, k] of this.#layers.entries()) {
        const [pastKeys, pastValues, keys, values] = state.slice(4 * at, 4 * at + 4) as tf.Tensor4D[];
        const self = (own: KeysValues): KeysValues => {
          const all = {keys: after(pastKeys!, own.keys), values: after(pastValues!, own.values)};
          next.push(all.keys, all.values, tf.clone(keys!), tf.clone(values!));
          return all;
        };
        const memory = {self, cells: {keys: keys!, values: values!}, ...(mask && {mask})};
        ({x, attention} = this.#decoderLayer(k, x, batch, memory, (y) => y));
      }
      next.push(...positions);
      const logits = this.logitsOf(norm(x, this.weights, 'words.norm'));
      const meanOverHeads = tf.reshape<tf.Rank.R2>(tf.mean(attention!, 1), [batch, -1]);
      return {logits, state: next, attention: meanOverHeads};
    });
  }

  get #layers(): number[] {
    return Array.from({length: this.options.layers}, (_, at) => at + 1);
  }

  /** Runs the encoder, `[batch · cells, units]`. Cells attend to the cells of their own view only, words to those of all views. */
  #encodeCells(features: tf.Tensor, drop: Drop): tf.Tensor2D {
    const [cells, depth] = features.shape.slice(-2) as [number, number];
    const batch = features.size / (cells * depth);
    const {units, encoderLayers} = this.options;
    const flat = tf.reshape<tf.Rank.R2>(standardize(features, this.featureNormalization), [
      batch * cells,
      depth,
    ]);
    const projected = tf.reshape(linear(flat, this.weights, 'image'), [batch, cells, units]);
    const positioned = tf.add(projected, cellPositions(cells, units));
    let x = drop(tf.reshape<tf.Rank.R2>(positioned, [batch * cells, units]));
    for (let k = 1; k <= encoderLayers; k++) {
      const [queries, keys, values] = this.#selfProjections(`cells.${k}.self`, x, batch);
      const {context} = scaledDotProductAttention(queries, {keys, values});
      x = tf.add(x, drop(linear(context, this.weights, `cells.${k}.self.output`)));
      x = this.#feedForward(`cells.${k}.feed`, x, drop);
    }
    return norm(x, this.weights, 'cells.norm');
  }

  /** Projects the encoded cells to keys and values of the cross-attention in layer `k`. */
  #memory(cells: tf.Tensor2D, batch: number, k: number, images?: tf.Tensor1D): KeysValues {
    const both = linear(cells, this.weights, `words.${k}.look.memory`);
    const [keys, values] = tf
      .split<tf.Tensor2D>(both, 2, 1)
      .map((part) => gatherImages(splitHeads(part, batch, this.options.heads), images));
    return {keys: keys!, values: values!};
  }

  /** Normalizes and projects to queries, keys and values of a self-attention. */
  #selfProjections(name: string, x: tf.Tensor2D, batch: number): [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
    const all = linear(norm(x, this.weights, `${name}.norm`), this.weights, `${name}.input`);
    const parts = tf.split<tf.Tensor2D>(all, 3, 1);
    return parts.map((part) => splitHeads(part, batch, this.options.heads)) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
  }

  /**
   * Runs layer `k` of the decoder: self-attention, cross-attention and feed-forward, each with a residual connection.
   *
   * @param x `[batch · steps, units]`
   * @param memory.self Returns the keys and values that words attend to, given those of the current words.
   * @param memory.cells Keys and values of the cells.
   * @param memory.mask Mask of the words, see `scaledDotProductAttention`.
   * @returns Output, and the cross-attention weights `[batch, heads, steps, cells]`.
   */
  #decoderLayer(
    k: number,
    x: tf.Tensor2D,
    batch: number,
    memory: {
      readonly self: (own: KeysValues) => KeysValues;
      readonly cells: KeysValues;
      readonly mask?: tf.Tensor;
    },
    drop: Drop,
  ): {x: tf.Tensor2D; attention: tf.Tensor4D} {
    const {weights} = this;
    const name = `words.${k}`;
    const [queries, keys, values] = this.#selfProjections(`${name}.self`, x, batch);
    const words = scaledDotProductAttention(queries, memory.self({keys, values}), memory.mask).context;
    let y = tf.add<tf.Tensor2D>(x, drop(linear(words, weights, `${name}.self.output`)));
    const query = linear(norm(y, weights, `${name}.look.norm`), weights, `${name}.look.query`);
    const heads = splitHeads(query, batch, this.options.heads);
    const {context, attention} = scaledDotProductAttention(heads, memory.cells);
    y = tf.add(y, drop(linear(context, weights, `${name}.look.output`)));
    return {x: this.#feedForward(`${name}.feed`, y, drop), attention};
  }

  #feedForward(name: string, x: tf.Tensor2D, drop: Drop): tf.Tensor2D {
    return tf.add(x, drop(feedForward(norm(x, this.weights, `${name}.norm`), this.weights, name)));
  }
}

/**
 * Plans the initial weights in the order of the forward pass. Matrices are `[inputs, outputs]`; the projections to queries, keys and
 * values of a self-attention are one matrix, `self.input`.
 */
export function planTransformer(
  vocabulary: number,
  depth: number,
  {units, layers, encoderLayers, feedForward: hidden, seed}: Required<TransformerOptions>,
): WeightInit {
  const init = new WeightInit(seed);
  const addLinear = (name: string, inputs: number, outputs: number): void => {
    init.matrix(`${name}.weight`, inputs, outputs).zeros(`${name}.bias`, outputs);
  };
  const addNorm = (name: string): void => {
    init.ones(`${name}.weight`, units).zeros(`${name}.bias`, units);
  };
  const addSelfAttention = (name: string): void => {
    addNorm(`${name}.norm`);
    addLinear(`${name}.input`, units, 3 * units);
    addLinear(`${name}.output`, units, units);
  };
  const addFeedForward = (name: string): void => {
    addNorm(`${name}.norm`);
    addLinear(`${name}.1`, units, hidden);
    addLinear(`${name}.2`, hidden, units);
  };
  addLinear('image', depth, units);
  // Standard deviation 1 after scaling by √units, the magnitude of the position encodings.
  init.uniform('embedding', [vocabulary, units], Math.sqrt(3 / units));
  for (let k = 1; k <= encoderLayers; k++) {
    addSelfAttention(`cells.${k}.self`);
    addFeedForward(`cells.${k}.feed`);
  }
  addNorm('cells.norm');
  for (let k = 1; k <= layers; k++) {
    addSelfAttention(`words.${k}.self`);
    addNorm(`words.${k}.look.norm`);
    addLinear(`words.${k}.look.query`, units, units);
    addLinear(`words.${k}.look.memory`, units, 2 * units);
    addLinear(`words.${k}.look.output`, units, units);
    addFeedForward(`words.${k}.feed`);
  }
  addNorm('words.norm');
  init.zeros('output.bias', vocabulary);
  return init;
}
