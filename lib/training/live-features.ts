/** Features by an encoder that learns: computed from pixels whenever they are asked for, since they change with every step. */
import type {CaptionedImage} from '../data/dataset';
import type {FeatureReader} from '../data/feature-reader';
import {FeatureStore, type BuildOptions, type FeatureKind} from '../data/feature-store';
import {augment, type Augmentation} from '../encoders/augmentation';
import type {Encoder, Preprocessing} from '../encoders/encoder';
import {pixelEncoder} from '../encoders/pixels';
import {TunedEncoder, type Tuning} from '../encoders/tuned';
import {tf} from '../runtime/native';

export interface LiveOptions {
  /** The first block of the encoder that learns, as `Unknown block` lists them. */
  readonly from: string;
  readonly kind: FeatureKind;
  readonly onProgress?: BuildOptions['onProgress'];
}

/** Pictures that the network sees at once where nothing is learnt. */
const pictures = 16;

export class LiveFeatures implements FeatureReader {
  readonly depth: number;
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  /** Of pictures that were asked for since the last step. */
  readonly #known = new Map<string, tf.Tensor>();
  #tuned: TunedEncoder;

  private constructor(
    tuned: TunedEncoder,
    private readonly pixels: FeatureStore,
    readonly kind: FeatureKind,
  ) {
    const {name, digest, depth, preprocessing} = tuned.cnn;
    this.encoder = {name, digest};
    this.depth = depth;
    this.preprocessing = preprocessing;
    this.#tuned = tuned;
  }

  /**
   * Decodes the pictures, once, into a folder: 6 bytes a pixel.
   *
   * @param encoder Is taken over, and disposed with the result.
   * @throws CaptionerError `options` for an unknown block; and as `FeatureStore.build`
   */
  static async open(
    encoder: Encoder,
    images: readonly CaptionedImage[],
    folder: string,
    {from, kind, onProgress}: LiveOptions,
  ): Promise<LiveFeatures> {
    const tuned = new TunedEncoder(encoder, from);
    const build = {kind: 'grid', shard: 64, ...(onProgress && {onProgress})} as const;
    try {
      const pixels = await FeatureStore.build(pixelEncoder(encoder.preprocessing), images, folder, build);
      return new LiveFeatures(tuned, pixels, kind);
    } catch (error) {
      tuned.dispose();
      throw error;
    }
  }

  /** The first block that learns. */
  get from(): string {
    return this.#tuned.from;
  }

  get folder(): string {
    return this.pixels.folder;
  }

  /** What learns: by the names that gradients and the optimizer have. */
  get weights(): ReadonlyMap<string, tf.Variable> {
    return new Map([...this.#tuned.weights].map(([name, weight]) => [`encoder.${name}`, weight]));
  }

  has(id: string): boolean {
    return this.pixels.has(id);
  }

  read(ids: readonly string[]): tf.Tensor {
    const missing = [...new Set(ids)].filter((id) => !this.#known.has(id));
    for (let from = 0; from < missing.length; from += pictures) {
      const group = missing.slice(from, from + pictures);
      tf.tidy(() => {
        const features = this.#tuned.cnn.encode(this.#read(group))[this.kind];
        for (const [at, one] of tf.unstack(features).entries()) this.#known.set(group[at]!, tf.keep(one));
      });
    }
    return tf.stack(ids.map((id) => this.#known.get(id)!));
  }

  /** Pictures as the learning part takes them, seen as (seed, step) says; what was known before will not be true any more. */
  prepare(ids: readonly string[], augmentation: Augmentation): tf.Tensor4D {
    this.forget();
    return tf.tidy(() => this.#tuned.prepare(augment(this.#read(ids), augmentation)));
  }

  /** Differentiable with respect to `weights`. */
  features(prepared: tf.Tensor4D): tf.Tensor {
    return this.#tuned.features(prepared)[this.kind];
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

  #read(ids: readonly string[]): tf.Tensor4D {
    const {size} = this.preprocessing;
    const all = this.pixels.read(ids);
    const shaped = tf.reshape<tf.Rank.R4>(all, [ids.length, size, size, 3]);
    all.dispose();
    return shaped;
  }
}
