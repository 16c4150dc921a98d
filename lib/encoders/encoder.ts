/** The interface of every encoder: pixels in, image features out. */
import type {tf} from '../tensorflow/tensorflow';

/** How an image is turned into an encoder's input. Saved in every feature store and checkpoint. */
export interface Preprocessing {
  /** Side of the square input in pixels. */
  readonly size: number;
  /** `stretch` ignores the aspect ratio; `crop` keeps it and crops the centre. */
  readonly fit: 'stretch' | 'crop';
  readonly interpolation: 'cubic' | 'linear';
  /** Mean of the red, green and blue channel. The network's input is `(pixel - mean) / std`, with pixels from 0 to 255. */
  readonly mean: readonly [number, number, number];
  /** Standard deviation of each channel. */
  readonly std: readonly [number, number, number];
}

/** Image features, as a grid and pooled. */
export interface Features {
  /** One feature vector per cell of the image, row by row, `[batch, cells, depth]`. */
  readonly grid: tf.Tensor3D;
  /** Mean over the cells, `[batch, depth]`. */
  readonly pooled: tf.Tensor2D;
}

/** A network that turns images into features. */
export interface Encoder {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  /** Number of cells of the feature grid. */
  readonly cells: number;
  /** Size of each feature vector. */
  readonly depth: number;
  /** SHA-256 of the weight file, hexadecimal. */
  readonly digest: string;
  /** Number of ImageNet classes; 0 if the weights have no classifier. */
  readonly classes: number;
  /**
   * Computes image features.
   *
   * @param pixels RGB, 0 to 255, `[batch, size, size, 3]`, int32 or float32.
   * @returns Grid and pooled features. The caller disposes both.
   */
  encode(pixels: tf.Tensor4D): Features;
  /**
   * Like `encode`, but pauses between parts of the network, so that the caller can let other events through. Absent: the encoder can't be
   * interrupted.
   */
  encodeSteps?(pixels: tf.Tensor4D): Generator<void, Features, void>;
  /**
   * Computes ImageNet logits.
   *
   * @param pixels As in `encode`.
   * @returns `[batch, classes]`. The caller disposes it.
   * @throws CaptionerError `weights` when the weights have no classifier.
   */
  classify(pixels: tf.Tensor4D): tf.Tensor2D;
  dispose(): void;
}

/** Encodes with pauses where the encoder has any, and otherwise at once. */
export function* encodeInSteps(encoder: Encoder, pixels: tf.Tensor4D): Generator<void, Features, void> {
  return encoder.encodeSteps ? yield* encoder.encodeSteps(pixels) : encoder.encode(pixels);
}
