/**
 * Other views of the same images: parts of them, and mirror images. Each is fixed, so an encoder has to look at it once only; training
 * draws from what it saw, and captions are written from several at once.
 */
import {createHash} from 'node:crypto';
import {CaptionerError} from '../errors';
import {float, runOp, text, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import type {Encoder} from './encoder';

/** A square part of an image, in shares of its sides. */
export interface View {
  readonly top: number;
  readonly left: number;
  readonly side: number;
  /** Whether left and right are exchanged. */
  readonly mirrored: boolean;
}

/** How images are looked at that are captioned, where that is not as in training. */
export interface InferenceViews {
  /** Side of the encoder's input, in pixels. */
  readonly size?: number;
  /** Of each image, see `centredViews`. */
  readonly views?: number;
}

/** Options of `trainingViews`. */
export interface ViewOptions {
  /** Smallest side of a part. @default 0.7 */
  readonly crop?: number;
  /** Whether every other one is a mirror image; not where captions tell left from right. @default true */
  readonly mirror?: boolean;
}

/** The whole image as it is; then parts of it of all sizes and places, spread as evenly as so many can be (Halton 1960). */
export function trainingViews(count: number, {crop = 0.7, mirror = true}: ViewOptions = {}): View[] {
  return Array.from({length: count}, (_, at) => {
    if (at === 0) return {top: 0, left: 0, side: 1, mirrored: false};
    const side = crop + (1 - crop) * halton(at, 5);
    const [top, left] = [2, 3].map((base) => (1 - side) * halton(at, base)) as [number, number];
    return {top, left, side, mirrored: mirror && at % 2 === 1};
  });
}

/**
 * What captions are written from (test-time augmentation): the whole image and its mirror image, then its middle and the mirror image
 * of that, then less of the middle, and so on. Not for captions that tell left from right.
 *
 * @throws CaptionerError `options`
 */
export function centredViews(count: number): View[] {
  if (!Number.isInteger(count) || count < 1)
    throw new CaptionerError('options', `Expected a number of views from 1 up, got ${count}`);
  return Array.from({length: count}, (_, at) => {
    const side = 0.85 ** Math.floor(at / 2);
    return {top: (1 - side) / 2, left: (1 - side) / 2, side, mirrored: at % 2 === 1};
  });
}

/**
 * Where in the image the cells of a view lie.
 *
 * @param cells In a row of the grid, which is a square.
 * @returns The share of each cell of the view (rows) that lies in each cell of the image (columns), `[cells², cells²]`.
 */
export function cellOverlap({top, left, side, mirrored}: View, cells: number): number[][] {
  const shares = (from: number, backwards: boolean): number[][] =>
    Array.from({length: cells}, (_, at) => {
      const first = from + (side * (backwards ? cells - 1 - at : at)) / cells;
      const last = first + side / cells;
      return Array.from({length: cells}, (_, place) => {
        const common = Math.min(last, (place + 1) / cells) - Math.max(first, place / cells);
        return Math.max(0, common) / (last - first);
      });
    });
  const [rows, columns] = [shares(top, false), shares(left, mirrored)];
  return rows.flatMap((row) =>
    columns.map((column) => row.flatMap((share) => column.map((other) => share * other))),
  );
}

/** The number `at` of the sequence in [0, 1) that its digits in `base` make when they are read backwards. */
function halton(at: number, base: number): number {
  let [value, share] = [0, 1 / base];
  for (let left = at; left > 0; left = Math.floor(left / base), share /= base) value += (left % base) * share;
  return value;
}

/** An encoder that sees images in this view; the whole image is what it sees anyway. It is not disposed with the result. */
export function withView(encoder: Encoder, view: View): Encoder {
  if (view.side === 1 && !view.mirrored) return encoder;
  const digest = createHash('sha256').update(encoder.digest).update(JSON.stringify(view)).digest('hex');
  const through = <T extends tf.TensorContainer>(pixels: tf.Tensor4D, see: (part: tf.Tensor4D) => T): T =>
    tf.tidy(() => see(cropAndResize(pixels, view)));
  const {name, preprocessing, cells, depth, classes} = encoder;
  return {
    ...{name, preprocessing, cells, depth, classes, digest},
    encode: (pixels) => through(pixels, (part) => ({...encoder.encode(part)})),
    classify: (pixels) => through(pixels, (part) => encoder.classify(part)),
    dispose: () => undefined,
  };
}

/**
 * An encoder that sees images in several views: its grid has the cells of the first, then those of the second, and so on, and what it
 * pools is the mean of all. The encoder given is disposed with it.
 */
export function multiView(encoder: Encoder, seen: readonly View[]): Encoder {
  const through = seen.map((view) => withView(encoder, view));
  const digest = createHash('sha256').update(encoder.digest).update(JSON.stringify(seen)).digest('hex');
  const {name, preprocessing, cells, depth, classes} = encoder;
  return {
    ...{name, preprocessing, depth, classes, digest, cells: cells * seen.length},
    encode: (pixels) =>
      tf.tidy(() => {
        const all = through.map((one) => one.encode(pixels));
        const grid = tf.concat<tf.Tensor3D>(
          all.map((one) => one.grid),
          1,
        );
        const pooled = tf.div<tf.Tensor2D>(tf.addN(all.map((one) => one.pooled)), all.length);
        return {grid, pooled} satisfies Record<string, tf.Tensor>;
      }),
    classify: (pixels) => encoder.classify(pixels),
    dispose: () => encoder.dispose(),
  };
}

/**
 * @param pixels `[batch, height, width, 3]`.
 * @returns Of the same shape. The caller disposes it.
 */
export function cropAndResize(pixels: tf.Tensor4D, {top, left, side, mirrored}: View): tf.Tensor4D {
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
    return runOp('CropAndResize', inputs, [
      type('T', 'float32'),
      text('method', 'bilinear'),
      float('extrapolation_value', 0),
    ]);
  });
}
