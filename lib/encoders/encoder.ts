/** What every encoder is: pixels in, image features out. */
import type {tf} from '../tensorflow/tensorflow';

/** How an image becomes an encoder's input; part of every feature store and checkpoint. */
export interface Preprocessing {
  /** Side of the square input, in pixels. */
  readonly size: number;
  /** `stretch` ignores the aspect ratio; `crop` keeps it and takes the centre. */
  readonly fit: 'stretch' | 'crop';
  readonly interpolation: 'cubic' | 'linear';
  /** The network sees `(pixel - mean) / std` of each channel, red, green and blue, where a pixel is 0 to 255. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Image features, as a grid and pooled. */
export interface Features {
  /** One vector for each cell of the image, row by row: `[batch, cells, depth]`. */
  readonly grid: tf.Tensor3D;
  /** Their mean, `[batch, depth]`. */
  readonly pooled: tf.Tensor2D;
}

/** A network that turns images into features. */
export interface Encoder {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  readonly cells: number;
  readonly depth: number;
  /** SHA-256 of the weight file, hexadecimal. */
  readonly digest: string;
  /** Of ImageNet; 0 where the weights came without them. */
  readonly classes: number;
  /**
   * @param pixels RGB, 0 to 255, `[batch, size, size, 3]`, int32 or float32.
   * @returns Both features; the caller disposes them.
   */
  encode(pixels: tf.Tensor4D): Features;
  /**
   * @returns ImageNet logits, `[batch, classes]`; the caller disposes them.
   * @throws CaptionerError `weights` when these came without classes.
   */
  classify(pixels: tf.Tensor4D): tf.Tensor2D;
  dispose(): void;
}
