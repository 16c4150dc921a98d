/** Decoded images as what an encoder takes. */
import {tf} from '../tensorflow/tensorflow';
import {fromBytes} from '../tensorflow/casts';

/**
 * Puts decoded images into one tensor.
 *
 * @param images Red, green and blue of each pixel, row by row, as `readPixels` gives them.
 * @param size Side of each, in pixels.
 * @returns `[batch, size, size, 3]`, 0 to 255. The caller disposes it.
 */
export function toPixels(images: readonly Uint8Array[], size: number): tf.Tensor4D {
  const all = images.length === 1 ? images[0]! : Buffer.concat(images);
  return fromBytes<tf.Rank.R4>(all, [images.length, size, size, 3]);
}
