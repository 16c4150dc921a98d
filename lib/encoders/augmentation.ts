/**
 * Other views of the same pictures: a part of each, left and right exchanged in some. Which, depends on (seed, step)
 * alone, so that a resumed run sees what an uninterrupted one would have seen.
 */
import {float, kernel, text, type} from '../runtime/kernels';
import {tf} from '../runtime/native';
import {mix, uniform} from '../runtime/random';

export interface Augmentation {
  readonly seed: number;
  /** From 0. */
  readonly step: number;
  /** Smallest side of the part, as a share of the picture's; 1 leaves it whole. */
  readonly crop: number;
  /** Whether half of the pictures are mirrored. Not where captions tell left from right. */
  readonly flip: boolean;
}

/** Keeps these numbers apart from those of dropout, which have the same seed. */
const stream = 0x5eed;

/**
 * @param pixels `[batch, size, size, 3]`.
 * @returns Of the same shape. The caller disposes it.
 */
export function augment(pixels: tf.Tensor4D, {seed, step, crop, flip}: Augmentation): tf.Tensor4D {
  if (crop === 1 && !flip) return pixels.clone();
  const [batch, height, width] = pixels.shape;
  return tf.tidy(() => {
    const dice = uniform([batch, 4], [mix(seed, stream), step]);
    const [share, down, along, side] = tf.split(dice, 4, 1);
    const length = tf.add(crop, tf.mul(share!, 1 - crop));
    const top = tf.mul(down!, tf.sub(1, length));
    const left = tf.mul(along!, tf.sub(1, length));
    const right = tf.add(left, length);
    const mirrored = flip ? tf.less(side!, 0.5) : tf.zerosLike(side!).cast('bool');
    const [from, to] = [tf.where(mirrored, right, left), tf.where(mirrored, left, right)];
    const boxes = tf.concat([top, from, tf.add(top, length), to], 1);
    const inputs = [pixels, boxes, tf.range(0, batch, 1, 'int32'), tf.tensor1d([height, width], 'int32')];
    return kernel('CropAndResize', inputs, [
      type('T', 'float32'),
      text('method', 'bilinear'),
      float('extrapolation_value', 0),
    ]);
  });
}
