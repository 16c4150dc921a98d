/** Where training and evaluation get the features of images from: a store, or an encoder that is learning itself. */
import type {Preprocessing} from '../encoders/encoder';
import type {tf} from '../tensorflow/tensorflow';
import type {DropoutKey} from '../random/random';
import type {FeatureKind} from './shard';

/** Image features by id, whether they are stored or computed on request. */
export interface FeatureSource {
  readonly folder: string;
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  readonly kind: FeatureKind;
  readonly depth: number;
  /** Of each image that is learnt from, the whole one included. @default 1 */
  readonly views?: number;
  /** Whether some of them are mirror images. @default there are no others */
  readonly mirrored?: boolean | undefined;
  has(id: string): boolean;
  /**
   * @param ids In any order, also repeated.
   * @returns float32 `[batch, depth]` or `[batch, cells, depth]`. The caller disposes it.
   */
  read(ids: readonly string[]): tf.Tensor;
  /** As training sees them at a step, where that is not as they are: see `read`, which says the rest. */
  draw?(ids: readonly string[], key: DropoutKey): tf.Tensor;
}
