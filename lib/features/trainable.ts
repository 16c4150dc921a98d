/**
 * Features by an encoder whose last blocks learn: computed whenever they are asked for, since they change with every step. The blocks
 * before do not change, so what they see is computed once and kept in a store like any features.
 */
import type {FeatureSource, TrainableEncoder} from './source';
import type {FeatureKind} from './store';
import {counted, countNumbers, description, setDescription} from '../description';
import type {Encoder, Preprocessing} from '../encoders/encoder';
import {FineTunedEncoder, type FineTunedWeights} from '../encoders/fine-tuned';
import {tf} from '../tensorflow/tensorflow';
import type {DropoutKey} from '../random/random';

/** Options of `TrainableFeatures.open`. */
export interface LiveOptions {
  /** The first block of the encoder that learns, as `Unknown block` lists them. */
  readonly from: string;
  readonly kind: FeatureKind;
}

/** Images that the network sees at once where nothing is learnt. */
const images = 64;

/** Features from an encoder that is being trained. */
export class TrainableFeatures implements FeatureSource, TrainableEncoder {
  readonly depth: number;
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  /** Of images that were asked for since the last step. */
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
   * @param encoder Is taken over, and disposed with the result.
   * @param build Makes the store of what the frozen blocks see, of kind `grid`.
   * @throws CaptionerError `options` for an unknown block; and what `build` throws
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

  /** What learns: by the names that gradients and the optimizer have. */
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

  /** What the frozen blocks see, as training takes it; what was known before will not be true any more. */
  frozenFeatures(ids: readonly string[], key: DropoutKey): tf.Tensor {
    this.invalidate();
    return this.frozenSource.draw?.(ids, key) ?? this.frozenSource.read(ids);
  }

  /** Differentiable with respect to `weights`. */
  features(prepared: tf.Tensor): tf.Tensor {
    return this.#tuned.features(prepared as tf.Tensor3D)[this.kind];
  }

  fineTunedWeights(): FineTunedWeights {
    return this.#tuned.fineTunedWeights();
  }

  /** Goes on with what was learnt before. */
  restore({tensors}: FineTunedWeights): void {
    this.invalidate();
    const fresh = new FineTunedEncoder(this.#tuned.cnn, this.#tuned.from, tensors);
    this.#tuned = fresh;
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
