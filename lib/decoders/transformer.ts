/**
 * A transformer (Vaswani et al. 2017, arXiv 1706.03762): the cells of the grid look at each other, then each word looks at those before
 * it and at the cells. The table of words is also that of the output layer (Press and Wolf 2017, arXiv 1608.05859).
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {embed} from '../ops/embedding';
import {tf} from '../tensorflow/tensorflow';
import {dropout} from '../ops/random';
import type {Attended, Decoder, DecoderState, DecoderStep, DropoutKey} from './decoder';
import {
  causalMask,
  cellPositions,
  feedForward,
  linear,
  lookUp,
  norm,
  splitHeads,
  wordPositions,
  type Drop,
  type Memory,
} from './transformer-layers';
import {transformerWeights} from './transformer-weights';
import {GridDecoder, seedOption, dropoutOption, sizeOption} from './base-decoder';
import {forCaptions, standardize} from './weight-init';

/** Options of the decoder `transformer`. */
export interface TransformerOptions {
  /** Size of words, cells and all between the layers; a multiple of 4. @default 384 */
  readonly units?: number;
  /** Parts of it that look at different things; they divide it. @default 8 */
  readonly heads?: number;
  /** Layers over the words. @default 2 */
  readonly layers?: number;
  /** Layers over the cells. @default 1 */
  readonly encoderLayers?: number;
  /** Size of what a layer makes of each place in between. @default 1536 */
  readonly feedForward?: number;
  /** Part of words, cells and of what each layer adds that training leaves out. @default 0.3 */
  readonly dropout?: number;
  /** Of the weights' first values. @default 1 */
  readonly seed?: number;
}

const layer = z.int().min(1).max(100);
const options = z.strictObject({
  units: sizeOption.multipleOf(4).default(384),
  heads: sizeOption.default(8),
  layers: layer.default(2),
  encoderLayers: layer.default(1),
  feedForward: sizeOption.default(1536),
  dropout: dropoutOption.default(0.3),
  seed: seedOption.default(1),
});
const schema = options.superRefine(({units, heads}, context) => {
  if (units % heads === 0) return;
  const message = `expected a number that \`heads\`, ${heads}, divides`;
  context.addIssue({code: 'custom', path: ['units'], message});
});

/** Names of its options. */
export const transformerOptions: readonly string[] = Object.keys(options.shape);

/**
 * @param vocabulary Number of word ids.
 * @param depth Depth of the grid of image features.
 * @throws CaptionerError `options`
 */
export function createTransformer(
  vocabulary: number,
  depth: number,
  given: TransformerOptions = {},
): Decoder {
  const settings = parseOptions(schema, given, 'transformer decoder');
  const weights = transformerWeights(vocabulary, depth, settings);
  return new Transformer(vocabulary, depth, settings, weights, 'embedding');
}

class Transformer extends GridDecoder<Required<TransformerOptions>> {
  readonly kind = 'transformer';

  attend(features: tf.Tensor, inputs: tf.Tensor2D, key?: DropoutKey, images?: tf.Tensor1D): Attended {
    const [batch, steps] = inputs.shape;
    const {units, dropout: rate} = this.options;
    return tf.tidy((): Attended & tf.TensorContainerObject => {
      let place = 0;
      const drop: Drop = (x) => (key === undefined ? x : dropout(x, rate, key, place++));
      const cells = this.#readCells(features, drop);
      const mask = causalMask(steps);
      const words = tf.mul(embed(this.weight<tf.Rank.R2>('embedding'), inputs), Math.sqrt(units));
      const placed = tf.add(words, wordPositions(0, steps, units));
      let x = drop(tf.reshape<tf.Rank.R2>(placed, [batch * steps, units]));
      let attention: tf.Tensor4D;
      for (const k of this.#layers) {
        const self = (own: Memory): Memory => own;
        ({x, attention} = this.#advance(
          k,
          x,
          batch,
          {self, cells: this.#memory(cells, features.shape[0], k, images), mask},
          drop,
        ));
      }
      const states = tf.reshape<tf.Rank.R3>(norm(x, this.weights, 'words.norm'), [batch, steps, units]);
      return {states: drop(states), attention: tf.mean(attention!, 1)};
    });
  }

  /** For each layer keys and values of the words so far, none at first, then those of the cells. */
  begin(features: tf.Tensor): DecoderState {
    const [batch] = features.shape as [number];
    const {units, heads} = this.options;
    return tf.tidy(() => {
      const cells = this.#readCells(features, (x) => x);
      return this.#layers.flatMap((k) => {
        const {keys, values} = this.#memory(cells, batch, k);
        const none = (): tf.Tensor => tf.zeros([batch, heads, 0, units / heads]);
        return [none(), none(), keys, values];
      });
    });
  }

  step(tokens: tf.Tensor1D, state: DecoderState): DecoderStep & {attention: tf.Tensor2D} {
    const {units} = this.options;
    return tf.tidy(() => {
      const [batch] = tokens.shape;
      const place = state[0]!.shape[2]!;
      const word = tf.mul(tf.gather(this.weight<tf.Rank.R2>('embedding'), tokens), Math.sqrt(units));
      let x = tf.add<tf.Tensor2D>(word, wordPositions(place, 1, units));
      const next: tf.Tensor[] = [];
      let attention: tf.Tensor4D;
      for (const [at, k] of this.#layers.entries()) {
        const [pastKeys, pastValues, keys, values] = state.slice(4 * at, 4 * at + 4) as tf.Tensor4D[];
        const self = (own: Memory): Memory => {
          const all =
            place === 0
              ? own
              : {
                  keys: tf.concat([pastKeys!, own.keys], 2),
                  values: tf.concat([pastValues!, own.values], 2),
                };
          next.push(all.keys, all.values, tf.clone(keys!), tf.clone(values!));
          return all;
        };
        ({x, attention} = this.#advance(
          k,
          x,
          batch,
          {self, cells: {keys: keys!, values: values!}},
          (y) => y,
        ));
      }
      const logits = this.wordsOf(norm(x, this.weights, 'words.norm'));
      const looked = tf.reshape<tf.Rank.R2>(tf.mean(attention!, 1), [batch, -1]);
      return {logits, state: next, attention: looked};
    });
  }

  get #layers(): number[] {
    return Array.from({length: this.options.layers}, (_, at) => at + 1);
  }

  /** @returns What words look at, `[batch · cells, units]`. Cells look at those of their own view only, words at all. */
  #readCells(features: tf.Tensor, drop: Drop): tf.Tensor2D {
    const [cells, depth] = features.shape.slice(-2) as [number, number];
    const batch = features.size / (cells * depth);
    const {units, encoderLayers} = this.options;
    const flat = tf.reshape<tf.Rank.R2>(standardize(features, this.featureNormalization), [
      batch * cells,
      depth,
    ]);
    const projected = tf.reshape(linear(flat, this.weights, 'image'), [batch, cells, units]);
    const placed = tf.add(projected, cellPositions(cells, units));
    let x = drop(tf.reshape<tf.Rank.R2>(placed, [batch * cells, units]));
    for (let k = 1; k <= encoderLayers; k++) {
      const [queries, keys, values] = this.#own(`cells.${k}.self`, x, batch);
      const {found} = lookUp(queries, {keys, values});
      x = tf.add(x, drop(linear(found, this.weights, `cells.${k}.self.output`)));
      x = this.#feed(`cells.${k}.feed`, x, drop);
    }
    return norm(x, this.weights, 'cells.norm');
  }

  /** Of the cells, as a layer over the words compares and takes them. */
  #memory(cells: tf.Tensor2D, batch: number, k: number, images?: tf.Tensor1D): Memory {
    const both = linear(cells, this.weights, `words.${k}.look.memory`);
    const [keys, values] = tf
      .split<tf.Tensor2D>(both, 2, 1)
      .map((part) => forCaptions(splitHeads(part, batch, this.options.heads), images));
    return {keys: keys!, values: values!};
  }

  /** Queries, keys and values of places for themselves. */
  #own(name: string, x: tf.Tensor2D, batch: number): [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
    const all = linear(norm(x, this.weights, `${name}.norm`), this.weights, `${name}.input`);
    const parts = tf.split<tf.Tensor2D>(all, 3, 1);
    return parts.map((part) => splitHeads(part, batch, this.options.heads)) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
  }

  #advance(
    k: number,
    x: tf.Tensor2D,
    batch: number,
    memory: {readonly self: (own: Memory) => Memory; readonly cells: Memory; readonly mask?: tf.Tensor2D},
    drop: Drop,
  ): {x: tf.Tensor2D; attention: tf.Tensor4D} {
    const {weights} = this;
    const name = `words.${k}`;
    const [queries, keys, values] = this.#own(`${name}.self`, x, batch);
    const before = lookUp(queries, memory.self({keys, values}), memory.mask).found;
    let y = tf.add<tf.Tensor2D>(x, drop(linear(before, weights, `${name}.self.output`)));
    const query = linear(norm(y, weights, `${name}.look.norm`), weights, `${name}.look.query`);
    const {found, attention} = lookUp(splitHeads(query, batch, this.options.heads), memory.cells);
    y = tf.add(y, drop(linear(found, weights, `${name}.look.output`)));
    return {x: this.#feed(`${name}.feed`, y, drop), attention};
  }

  #feed(name: string, x: tf.Tensor2D, drop: Drop): tf.Tensor2D {
    return tf.add(x, drop(feedForward(norm(x, this.weights, `${name}.norm`), this.weights, name)));
  }
}
