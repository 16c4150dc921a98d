/**
 * Features by an encoder whose last blocks learn: computed whenever they are asked for, since they change with every step. The blocks
 * before do not change, so what they see is computed once and kept in a store like any features.
 */
import type {FeatureReader} from '../data/feature-reader';
import type {FeatureKind} from '../data/feature-store';
import type {Encoder, Preprocessing} from '../encoders/encoder';
import {TunedEncoder, type Tuning} from '../encoders/tuned';
import {tf} from '../runtime/native';
import type {DropoutKey} from '../runtime/random';

export interface LiveOptions {
  /** The first block of the encoder that learns, as `Unknown block` lists them. */
  readonly from: string;
  readonly kind: FeatureKind;
}

/** Pictures that the network sees at once where nothing is learnt. */
const pictures = 64;

export class LiveFeatures implements FeatureReader {
  readonly depth: number;
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  /** Of pictures that were asked for since the last step. */
  readonly #known = new Map<string, tf.Tensor>();
  #tuned: TunedEncoder;

  private constructor(
    tuned: TunedEncoder,
    private readonly before: FeatureReader,
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
    build: (frozen: Encoder) => Promise<FeatureReader>,
  ): Promise<LiveFeatures> {
    const tuned = new TunedEncoder(encoder, from);
    try {
      return new LiveFeatures(tuned, await build(tuned.frozen), kind);
    } catch (error) {
      tuned.dispose();
      throw error;
    }
  }

  /** The first block that learns. */
  get from(): string {
    return this.#tuned.from;
  }

  get views(): number {
    return this.before.views ?? 1;
  }

  get mirrored(): boolean | undefined {
    return this.before.mirrored;
  }

  get folder(): string {
    return this.before.folder;
  }

  /** What learns: by the names that gradients and the optimizer have. */
  get weights(): ReadonlyMap<string, tf.Variable> {
    return new Map([...this.#tuned.weights].map(([name, weight]) => [`encoder.${name}`, weight]));
  }

  has(id: string): boolean {
    return this.before.has(id);
  }

  read(ids: readonly string[]): tf.Tensor {
    const missing = [...new Set(ids)].filter((id) => !this.#known.has(id));
    for (let from = 0; from < missing.length; from += pictures) {
      const group = missing.slice(from, from + pictures);
      tf.tidy(() => {
        const features = this.features(this.before.read(group));
        for (const [at, one] of tf.unstack(features).entries()) this.#known.set(group[at]!, tf.keep(one));
      });
    }
    return tf.stack(ids.map((id) => this.#known.get(id)!));
  }

  /** What the frozen blocks see, as training takes it; what was known before will not be true any more. */
  prepare(ids: readonly string[], key: DropoutKey): tf.Tensor {
    this.forget();
    return this.before.draw?.(ids, key) ?? this.before.read(ids);
  }

  /** Differentiable with respect to `weights`. */
  features(prepared: tf.Tensor): tf.Tensor {
    return this.#tuned.features(prepared as tf.Tensor3D)[this.kind];
  }

  tuning(): Tuning {
    return this.#tuned.tuning();
  }

  /** Goes on with what was learnt before. */
  restore({tensors}: Tuning): void {
    this.forget();
    const fresh = new TunedEncoder(this.#tuned.cnn, this.#tuned.from, tensors);
    this.#tuned = fresh;
  }

  forget(): void {
    tf.dispose([...this.#known.values()]);
    this.#known.clear();
  }

  dispose(): void {
    this.forget();
    this.#tuned.dispose();
  }
}
