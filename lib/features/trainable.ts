/**
 * Features of an encoder whose last blocks are trained: computed on request, since they change with every step. The blocks before are
 * frozen, so their output is computed once and stored like any features.
 */
import type {FeatureSource, TrainableEncoder} from './source';
import type {FeatureKind} from './store';
import {counted, countNumbers, description, setDescription} from '../description';
import type {Encoder, Preprocessing} from '../encoders/encoder';
import {FineTunedEncoder, type FineTunedWeights} from '../encoders/fine-tuned';
import {disposeFunctions} from '../tensorflow/compiled';
import {tf} from '../tensorflow/tensorflow';
import type {StepKey} from '../random/random';

/** Options of `TrainableFeatures.open`. */
export interface LiveOptions {
  /** The first block of the encoder that is trained; the error `Unknown block` lists the blocks. */
  readonly from: string;
  readonly kind: FeatureKind;
}

/** Images per forward pass outside of training steps. */
const images = 64;

/** Features from an encoder that is being trained. */
export class TrainableFeatures implements FeatureSource, TrainableEncoder {
  readonly depth: number;
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  /** Features of the images that were requested since the last step. */
  readonly #known = new Map<string, tf.Tensor>();
  #tuned: FineTunedEncoder;

  private constructor(
    tuned: FineTunedEncoder,
    private readonly frozenSource: FeatureSource,
    readonly kind: FeatureKind,
  ) {
    const {name, digest, depth, preprocessing} = tuned.cnn;
    this.encoder = {name, digest};
    this.depth = depth;
    this.preprocessing = preprocessing;
    this.#tuned = tuned;
  }

  /**
   * @param encoder Disposed with the result.
   * @param build Builds the store of the frozen blocks' output, of kind `grid`.
   * @throws CaptionerError `options` for an unknown block; and as `build`
   */
  static async open(
    encoder: Encoder,
    {from, kind}: LiveOptions,
    build: (frozen: Encoder) => Promise<FeatureSource>,
  ): Promise<TrainableFeatures> {
    const tuned = new FineTunedEncoder(encoder, from);
    try {
      return new TrainableFeatures(tuned, await build(tuned.frozen), kind);
    } catch (error) {
      tuned.dispose();
      throw error;
    }
  }

  get trainable(): TrainableEncoder {
    return this;
  }

  get from(): string {
    return this.#tuned.from;
  }

  get views(): number {
    return this.frozenSource.views ?? 1;
  }

  get mirrored(): boolean | undefined {
    return this.frozenSource.mirrored;
  }

  get folder(): string {
    return this.frozenSource.folder;
  }

  /** Trained weights by the names that gradients and the optimizer use. */
  get weights(): ReadonlyMap<string, tf.Variable> {
    return new Map([...this.#tuned.weights].map(([name, weight]) => [`encoder.${name}`, weight]));
  }

  has(id: string): boolean {
    return this.frozenSource.has(id);
  }

  read(ids: readonly string[]): tf.Tensor {
    const missing = [...new Set(ids)].filter((id) => !this.#known.has(id));
    for (let from = 0; from < missing.length; from += images) {
      const group = missing.slice(from, from + images);
      tf.tidy(() => {
        const features = this.features(this.frozenSource.read(group));
        for (const [at, one] of tf.unstack(features).entries()) this.#known.set(group[at]!, tf.keep(one));
      });
    }
    return tf.stack(ids.map((id) => this.#known.get(id)!));
  }

  /** Returns the frozen blocks' output for a training step, and invalidates features computed before. */
  frozenFeatures(ids: readonly string[], key: StepKey): tf.Tensor {
    this.invalidate();
    return this.frozenSource.draw?.(ids, key) ?? this.frozenSource.read(ids);
  }

  /** Computes features, differentiable with respect to `weights`. */
  features(prepared: tf.Tensor): tf.Tensor {
    return this.#tuned.features(prepared as tf.Tensor3D)[this.kind];
  }

  fineTunedWeights(): FineTunedWeights {
    return this.#tuned.fineTunedWeights();
  }

  /** Replaces the weights by those of a checkpoint. */
  restore({tensors}: FineTunedWeights): void {
    this.invalidate();
    const before = this.#tuned;
    this.#tuned = new FineTunedEncoder(before.cnn, before.from, tensors);
    disposeFunctions(before);
  }

  invalidate(): void {
    tf.dispose([...this.#known.values()]);
    this.#known.clear();
  }

  dispose(): void {
    this.invalidate();
    this.#tuned.dispose();
  }
}

setDescription(TrainableFeatures.prototype, (features) => {
  const {encoder, from, kind, depth, weights, views} = features;
  return description(`Features by an encoder that is trained from ${from} on`, {
    encoder: `${encoder.name} at ${features.preprocessing.size} pixels`,
    trained: counted(countNumbers(weights.values()), 'weight'),
    each: kind === 'pooled' ? `pooled, [${depth}]` : `a grid, [cells, ${depth}]`,
    views: views > 1 && `${views} of each training image`,
  });
});
