/** The source of image features for training and evaluation: a store on disk, several views, or an encoder that is being trained. */
import type {Preprocessing} from '../encoders/encoder';
import type {FineTunedWeights} from '../encoders/fine-tuned';
import type {StepKey} from '../random/random';
import type {tf} from '../tensorflow/tensorflow';
import type {FeatureKind} from './shard';

/** Image features by id, whether they are stored or computed on request. */
export interface FeatureSource {
  readonly folder: string;
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  readonly kind: FeatureKind;
  readonly depth: number;
  /** Views of each training image, the whole one included. @default 1 */
  readonly views?: number;
  /** Whether some of the views are mirror images; undefined where there is only one view. */
  readonly mirrored?: boolean | undefined;
  /** The part of the encoder that is trained along with the decoder; undefined where features are fixed. */
  readonly trainable?: TrainableEncoder;
  has(id: string): boolean;
  /** Returns the number of the file that has an image's features, where they are in several; undefined for an image without features. */
  shardOf?(id: string): number | undefined;
  /** Images that could not be read, and why. */
  readonly quarantined?: ReadonlyMap<string, string>;
  /**
   * Reads features of whole images, as validation and captioning see them.
   *
   * @param ids In any order, also repeated.
   * @returns float32 `[batch, depth]` or `[batch, cells, depth]`. The caller disposes it.
   */
  read(ids: readonly string[]): tf.Tensor;
  /** Reads features for a training step, each image in a view that follows from `key`; where undefined, `read` serves. */
  draw?(ids: readonly string[], key: StepKey): tf.Tensor;
  /** Frees what the source holds in memory. */
  dispose?(): void;
}

/** The last blocks of an encoder whose weights are trained; the blocks before are frozen, and their output is stored. */
export interface TrainableEncoder {
  /** The first block that is trained. */
  readonly from: string;
  /** Trained weights by the names that gradients and the optimizer use, `encoder.<layer>.weight`. */
  readonly weights: ReadonlyMap<string, tf.Variable>;
  /** @returns The frozen blocks' output for a training step. The caller disposes it. Invalidates features computed before. */
  frozenFeatures(ids: readonly string[], key: StepKey): tf.Tensor;
  /** @returns Features of the source's kind, differentiable with respect to `weights`. The caller disposes it. */
  features(frozen: tf.Tensor): tf.Tensor;
  /** @returns The weights as a checkpoint keeps them. */
  fineTunedWeights(): FineTunedWeights;
  /** Replaces the weights by those of a checkpoint. */
  restore(weights: FineTunedWeights): void;
  /** Forgets features computed with earlier weights; call it after changing `weights`. */
  invalidate(): void;
}
