/**
 * Other views of the same pictures: parts of them, and mirror images. Each is fixed, so an encoder has to look at it once only, and
 * training draws from what it saw.
 */
import {createHash} from 'node:crypto';
import {float, kernel, text, type} from '../runtime/kernels';
import {tf} from '../runtime/native';
import type {Encoder} from './encoder';

/** A square part of a picture, in shares of its sides. */
export interface View {
  readonly top: number;
  readonly left: number;
  readonly side: number;
  /** Whether left and right are exchanged. */
  readonly mirrored: boolean;
}

export interface ViewOptions {
  /** Smallest side of a part. @default 0.7 */
  readonly crop?: number;
  /** Whether every other one is a mirror image; not where captions tell left from right. @default true */
  readonly mirror?: boolean;
}

/** The whole picture as it is; then parts of it of all sizes and places, spread as evenly as so many can be (Halton 1960). */
export function views(count: number, {crop = 0.7, mirror = true}: ViewOptions = {}): View[] {
  return Array.from({length: count}, (_, at) => {
    if (at === 0) return {top: 0, left: 0, side: 1, mirrored: false};
    const side = crop + (1 - crop) * halton(at, 5);
    const [top, left] = [2, 3].map((base) => (1 - side) * halton(at, base)) as [number, number];
    return {top, left, side, mirrored: mirror && at % 2 === 1};
  });
}

/** The number `at` of the sequence in [0, 1) that its digits in `base` make when they are read backwards. */
function halton(at: number, base: number): number {
  let [value, share] = [0, 1 / base];
  for (let left = at; left > 0; left = Math.floor(left / base), share /= base) value += (left % base) * share;
  return value;
}

/** An encoder that sees pictures in this view; the whole picture is what it sees anyway. It is not disposed with the result. */
export function viewed(encoder: Encoder, view: View): Encoder {
  if (view.side === 1 && !view.mirrored) return encoder;
  const digest = createHash('sha256').update(encoder.digest).update(JSON.stringify(view)).digest('hex');
  const through = <T extends tf.TensorContainer>(pixels: tf.Tensor4D, see: (part: tf.Tensor4D) => T): T =>
    tf.tidy(() => see(look(pixels, view)));
  const {name, preprocessing, cells, depth, classes} = encoder;
  return {
    ...{name, preprocessing, cells, depth, classes, digest},
    encode: (pixels) => through(pixels, (part) => ({...encoder.encode(part)})),
    classify: (pixels) => through(pixels, (part) => encoder.classify(part)),
    dispose: () => undefined,
  };
}

/**
 * @param pixels `[batch, height, width, 3]`.
 * @returns Of the same shape. The caller disposes it.
 */
export function look(pixels: tf.Tensor4D, {top, left, side, mirrored}: View): tf.Tensor4D {
  const [batch, height, width] = pixels.shape;
  const right = left + side;
  return tf.tidy(() => {
    const box = [top, mirrored ? right : left, top + side, mirrored ? left : right];
    const boxes = tf.tile(tf.tensor2d([box]), [batch, 1]);
    const inputs = [
      tf.cast(pixels, 'float32'),
      boxes,
      tf.range(0, batch, 1, 'int32'),
      tf.tensor1d([height, width], 'int32'),
    ];
    return kernel('CropAndResize', inputs, [
      type('T', 'float32'),
      text('method', 'bilinear'),
      float('extrapolation_value', 0),
    ]);
  });
}
