/**
 * What the transparent decoders have in common. They compute the same as the decoders, op by op, so that a method of explanation can hold
 * parts constant. With all that multiplies held constant (gates, attention, the slope of each activation) the logits are linear in
 * features, embeddings and biases, and their gradients times their inputs are layer-wise relevance (Bach et al. 2015; for gates Arras et
 * al. 2017, arXiv 1706.07206; for attention Sun et al. 2022, arXiv 2001.01037; for transformers Ali et al. 2022, arXiv 2202.07304).
 */
import {stopGradient} from '../../ops/stop-gradient';
import {withGradient} from '../../ops/with-gradient';
import {tf} from '../../tensorflow/tensorflow';
import type {Decoder} from '../decoder';

/** How a transparent decoder computes. */
export interface TransparentOptions {
  /** Holds constant what multiplies, so that gradients carry relevance. @default false */
  readonly linear?: boolean;
  /** Factor of every bias, 1; its gradient is the relevance of all biases. */
  readonly biasFactor?: tf.Tensor;
  /** Zeros that are added to the attention weights of the cells, of their shape; their gradient is that of the weights. */
  readonly probe?: tf.Tensor;
}

/** Results of a transparent decoder. */
export interface Transparent {
  /** `[batch, steps, units]`, to be multiplied by the output layer's weight. */
  readonly states: tf.Tensor3D;
  /** Attention weights of the cells, `[batch, steps, cells]`, or of each head of the last layer, `[batch, heads, steps, cells]`. */
  readonly attention?: tf.Tensor;
  /** Attention within the cells and the words, and from words to cells, of each layer `[batch, heads, …]`: in a transformer. */
  readonly layers?: {
    readonly cells: readonly tf.Tensor4D[];
    readonly words: readonly tf.Tensor4D[];
    readonly look: readonly tf.Tensor4D[];
  };
}

/** A decoder's function in transparent form. @param features `[batch, depth]`, `[batch, cells, depth]` or `[batch, views, cells, depth]`. */
export type TransparentDecoder = (
  decoder: Decoder,
  features: tf.Tensor,
  embeddings: tf.Tensor3D,
  options: TransparentOptions,
) => Transparent;

/** The operations that depend on `TransparentOptions`. */
export class Rules {
  constructor(
    private readonly decoder: Decoder,
    private readonly options: TransparentOptions,
  ) {}

  weight(name: string): tf.Tensor2D {
    return this.decoder.weights.get(name) as tf.Variable<tf.Rank.R2>;
  }

  /** A bias, or anything else that is added and no input. */
  bias(name: string): tf.Tensor {
    return this.scaled(this.decoder.weights.get(name)!);
  }

  scaled(bias: tf.Tensor): tf.Tensor {
    const {biasFactor} = this.options;
    return biasFactor ? tf.mul(bias, biasFactor) : bias;
  }

  /** Something that multiplies: a gate, attention weights, a scale. */
  factor<T extends tf.Tensor>(x: T): T {
    return this.options.linear ? stopGradient(x) : x;
  }

  /** Applies an activation that is 0 at 0. Its slope is that of the line from 0: `fn(x) / x`. */
  activate<T extends tf.Tensor>(x: T, fn: (x: T) => T): T {
    if (!this.options.linear) return fn(x);
    return withGradient<T>([x], (save) => {
      const value = fn(x);
      const small = tf.less(tf.abs(x), 1e-12);
      const safe = tf.where(small, tf.onesLike(x), x);
      save([tf.where(small, tf.zerosLike(x), tf.div<tf.Tensor>(value, safe))]);
      return {value, gradient: (dy, saved) => tf.mul<tf.Tensor>(dy, saved[0]!)};
    });
  }

  /** Multiplies `[…, inputs]` by a weight `[inputs, outputs]`, and adds a bias. */
  linear(x: tf.Tensor, weight: tf.Tensor2D, bias?: tf.Tensor): tf.Tensor {
    const [inputs, outputs] = weight.shape;
    const flat = tf.reshape<tf.Rank.R2>(x, [-1, inputs]);
    const product = tf.reshape(tf.matMul(flat, weight), [...x.shape.slice(0, -1), outputs]);
    return bias ? tf.add(product, bias) : product;
  }

  /** The named linear layer. */
  layer(x: tf.Tensor, name: string): tf.Tensor {
    return this.linear(x, this.weight(`${name}.weight`), this.bias(`${name}.bias`));
  }

  /** Standardised features: the mean counts as a bias. */
  standardize(features: tf.Tensor): tf.Tensor {
    const [mean, std] = ['features.mean', 'features.std'].map((name) =>
      this.decoder.featureNormalization.get(name)!,
    );
    return tf.div(tf.sub(features, this.scaled(mean!)), std!);
  }

  /** Joins the cells of several views and projects them, `[batch, cells, units]`. */
  grid(features: tf.Tensor): tf.Tensor3D {
    const [batch] = features.shape as [number];
    const joined = tf.reshape(this.standardize(features), [batch, -1, features.shape.at(-1)!]);
    return this.activate(this.layer(joined, 'image'), tf.relu) as tf.Tensor3D;
  }

  /** Attention weights with the probe's part of a step, or of all. */
  probed<T extends tf.Tensor>(alpha: T, part: (probe: tf.Tensor) => tf.Tensor = (probe) => probe): T {
    const {probe} = this.options;
    const weights = this.factor(alpha);
    return probe ? tf.add<T>(weights, part(probe)) : weights;
  }

  /** One step of an LSTM. @param x Its input beside the previous state. */
  cell(x: tf.Tensor2D, h: tf.Tensor2D, c: tf.Tensor2D, name: string): {h: tf.Tensor2D; c: tf.Tensor2D} {
    const sums = this.layer(tf.concat([x, h], 1), name);
    const [i, ci, f, o] = tf.split<tf.Tensor2D>(sums, 4, 1);
    const gate = (z: tf.Tensor2D): tf.Tensor2D => this.factor(tf.sigmoid(z));
    const next: tf.Tensor2D = tf.add(tf.mul(gate(f!), c), tf.mul(gate(i!), this.activate(ci!, tf.tanh)));
    return {c: next, h: tf.mul(gate(o!), this.activate(next, tf.tanh))};
  }

  /** The embeddings of each step, `[batch, embedding]`. */
  steps(embeddings: tf.Tensor3D): tf.Tensor2D[] {
    // TensorFlow.js has no gradient of an unstack with one part.
    if (embeddings.shape[1] === 1) return [tf.squeeze<tf.Tensor2D>(embeddings, [1])];
    return tf.unstack(embeddings, 1) as tf.Tensor2D[];
  }
}
