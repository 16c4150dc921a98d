/** Decoded pictures as what an encoder takes. */
import {tf} from '../runtime/native';
import {fromBytes} from '../runtime/raw';

/**
 * @param pictures Red, green and blue of each pixel, row by row, as `readPixels` gives them.
 * @param size Side of each, in pixels.
 * @returns `[batch, size, size, 3]`, 0 to 255. The caller disposes it.
 */
export function toPixels(pictures: readonly Uint8Array[], size: number): tf.Tensor4D {
  const all = pictures.length === 1 ? pictures[0]! : Buffer.concat(pictures);
  return fromBytes<tf.Rank.R4>(all, [pictures.length, size, size, 3]);
}
