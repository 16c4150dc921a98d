/** Images without information, which methods start from or replace parts of the image by. */
import {tf} from '../tensorflow/tensorflow';
import type {baselineNames} from './method-options';

/** Black; the mean colour of the image everywhere; the image, blurred. */
export type Baseline = (typeof baselineNames)[number];

/** Standard deviation of the blur, as a fraction of the image's side. */
const blur = 1 / 16;

/**
 * Makes the baseline of an image.
 *
 * @param pixels `[1, size, size, 3]`
 * @returns The same shape. The caller disposes it.
 */
export function baselineOf(baseline: Baseline, pixels: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    if (baseline === 'black') return tf.zerosLike(pixels);
    if (baseline === 'mean') return tf.add(tf.zerosLike(pixels), tf.mean(pixels, [1, 2], true));
    return blurred(pixels, blur * pixels.shape[1]);
  });
}

/**
 * Blurs an image with a Gaussian; beyond its edges it is mirrored.
 *
 * @param deviation Standard deviation of the Gaussian in pixels.
 */
export function blurred(pixels: tf.Tensor4D, deviation: number): tf.Tensor4D {
  const [, side] = pixels.shape;
  return tf.tidy(() => {
    const radius = Math.min(Math.ceil(3 * deviation), side);
    const weights = Array.from({length: 2 * radius + 1}, (_, at) =>
      Math.exp(-((at - radius) ** 2) / (2 * deviation ** 2)),
    );
    const total = weights.reduce((sum, one) => sum + one, 0);
    const kernel = tf.tensor1d(weights.map((one) => one / total));
    const none: [number, number] = [0, 0];
    const around: [number, number] = [radius, radius];
    const padded: tf.Tensor4D = tf.mirrorPad(pixels, [none, around, around, none], 'symmetric');
    const along = (x: tf.Tensor4D, shape: [number, number]): tf.Tensor4D =>
      tf.depthwiseConv2d(
        x,
        tf.tile(tf.reshape<tf.Rank.R4>(kernel, [...shape, 1, 1]), [1, 1, 3, 1]),
        1,
        'valid',
      );
    return along(along(padded, [2 * radius + 1, 1]), [1, 2 * radius + 1]);
  });
}
