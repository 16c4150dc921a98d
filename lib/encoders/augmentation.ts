/**
 * Data augmentation with a fixed set of views of each image: crops and mirror images. Because the views are fixed, their features are
 * computed once. Training draws one view per image and epoch; at inference a decoder reads several views at once (test-time
 * augmentation).
 */
import {createHash} from 'node:crypto';
import {CaptionerError} from '../errors';
import {float, runOp, text, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {mostViews} from './identity';
import {encodeInSteps, type Encoder, type Features} from './encoder';

/** A crop of an image. `top`, `left` and `side` are fractions of the image's height and width. */
export interface View {
  readonly top: number;
  readonly left: number;
  readonly side: number;
  /** Whether the crop is flipped horizontally. */
  readonly mirrored: boolean;
}

/** How images are read at inference, where that differs from training. */
export interface InferenceViews {
  /** Side of the encoder's input, in pixels. */
  readonly size?: number;
  /** Number of views per image, see `centredViews`. */
  readonly views?: number;
}

/** Options of `trainingViews`. */
export interface ViewOptions {
  /** Smallest side of a crop, as a fraction of the image. @default 0.7 */
  readonly crop?: number;
  /** Whether every other view is mirrored. Turn it off if captions mention left or right. @default true */
  readonly mirror?: boolean;
}

/**
 * Returns the views for training: the whole image, then crops whose sizes and positions cover their range evenly (a Halton sequence,
 * Halton 1960).
 *
 * @throws CaptionerError `options`
 */
export function trainingViews(count: number, {crop = 0.7, mirror = true}: ViewOptions = {}): View[] {
  checkViews(count, mostViews.training);
  return Array.from({length: count}, (_, at) => {
    if (at === 0) return {top: 0, left: 0, side: 1, mirrored: false};
    const side = crop + (1 - crop) * halton(at, 5);
    const [top, left] = [2, 3].map((base) => (1 - side) * halton(at, base)) as [number, number];
    return {top, left, side, mirrored: mirror && at % 2 === 1};
  });
}

/**
 * Returns the views for test-time augmentation: the whole image and its mirror image, then a centre crop and its mirror image, then
 * smaller centre crops. Not suitable if captions mention left or right.
 *
 * @throws CaptionerError `options`
 */
export function centredViews(count: number): View[] {
  checkViews(count, mostViews.inference);
  return Array.from({length: count}, (_, at) => {
    const side = 0.85 ** Math.floor(at / 2);
    return {top: (1 - side) / 2, left: (1 - side) / 2, side, mirrored: at % 2 === 1};
  });
}

/** @throws CaptionerError `options` */
function checkViews(count: number, most: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= most) return;
  throw new CaptionerError(
    'options',
    `Expected the number of views to be an integer from 1 to ${most}, got ${count}`,
  );
}

/**
 * Computes which cells of the whole image the cells of a view cover.
 *
 * @param cells Cells along one side of the square grid.
 * @returns `[cells², cells²]`: the fraction of each cell of the view (rows) that lies in each cell of the image (columns).
 */
export function cellOverlap({top, left, side, mirrored}: View, cells: number): number[][] {
  // The overlap along one axis; that of two cells is the product over both axes.
  const overlaps = (from: number, backwards: boolean): number[][] =>
    Array.from({length: cells}, (_, at) => {
      const start = from + (side * (backwards ? cells - 1 - at : at)) / cells;
      const end = start + side / cells;
      return Array.from({length: cells}, (_, cell) => {
        const common = Math.min(end, (cell + 1) / cells) - Math.max(start, cell / cells);
        return Math.max(0, common) / (end - start);
      });
    });
  const [rows, columns] = [overlaps(top, false), overlaps(left, mirrored)];
  return rows.flatMap((row) =>
    columns.map((column) => row.flatMap((vertical) => column.map((horizontal) => vertical * horizontal))),
  );
}

/** Element `index` of the Halton sequence in [0, 1): the digits of the index in `base`, reversed behind the point. */
function halton(index: number, base: number): number {
  let [value, digit] = [0, 1 / base];
  for (let rest = index; rest > 0; rest = Math.floor(rest / base), digit /= base)
    value += (rest % base) * digit;
  return value;
}

/**
 * Wraps an encoder so that it encodes this view of each image. Returns the encoder itself for the whole image. Disposing the result
 * doesn't dispose the encoder.
 */
export function withView(encoder: Encoder, view: View): Encoder {
  if (view.side === 1 && !view.mirrored) return encoder;
  const digest = createHash('sha256').update(encoder.digest).update(JSON.stringify(view)).digest('hex');
  const onCrop = <T extends tf.TensorContainer>(pixels: tf.Tensor4D, run: (crop: tf.Tensor4D) => T): T =>
    tf.tidy(() => run(cropAndResize(pixels, view)));
  const {name, preprocessing, cells, depth, classes} = encoder;
  return {
    ...{name, preprocessing, cells, depth, classes, digest},
    encode: (pixels) => onCrop(pixels, (crop) => ({...encoder.encode(crop)})),
    *encodeSteps(pixels) {
      const crop = cropAndResize(pixels, view);
      try {
        return yield* encodeInSteps(encoder, crop);
      } finally {
        crop.dispose();
      }
    },
    classify: (pixels) => onCrop(pixels, (crop) => encoder.classify(crop)),
    dispose: () => undefined,
  };
}

/** An encoder that `multiView` returned. */
export interface MultiViewEncoder extends Encoder {
  /** The encoder of each view. */
  readonly encoder: Encoder;
  readonly views: readonly View[];
}

export function isMultiView(encoder: Encoder): encoder is MultiViewEncoder {
  return 'views' in encoder;
}

/**
 * Wraps an encoder so that it encodes several views of each image. The grid holds the cells of the first view, then those of the
 * second, and so on; the pooled features are the mean over views. Disposing the result disposes the encoder.
 */
export function multiView(encoder: Encoder, views: readonly View[]): MultiViewEncoder {
  const encoders = views.map((view) => withView(encoder, view));
  const digest = createHash('sha256').update(encoder.digest).update(JSON.stringify(views)).digest('hex');
  const {name, preprocessing, cells, depth, classes} = encoder;
  return {
    ...{name, preprocessing, depth, classes, digest, cells: cells * views.length, encoder, views},
    encode: (pixels) => tf.tidy(() => joinViews(encoders.map((one) => one.encode(pixels)))),
    *encodeSteps(pixels) {
      const all: Features[] = [];
      try {
        for (const one of encoders) all.push(yield* encodeInSteps(one, pixels));
        return joinViews(all);
      } finally {
        for (const {grid, pooled} of all) tf.dispose([grid, pooled]);
      }
    },
    classify: (pixels) => encoder.classify(pixels),
    dispose: () => encoder.dispose(),
  };
}

function joinViews(all: readonly Features[]): Features & Record<string, tf.Tensor> {
  return tf.tidy(() => {
    const grid = tf.concat<tf.Tensor3D>(
      all.map((one) => one.grid),
      1,
    );
    const pooled = tf.div<tf.Tensor2D>(tf.addN(all.map((one) => one.pooled)), all.length);
    return {grid, pooled} satisfies Record<string, tf.Tensor>;
  });
}

/**
 * Crops each image to the view, flips it if the view is mirrored, and resizes it back (bilinear).
 *
 * @param pixels `[batch, height, width, 3]`
 * @returns The same shape, float32. The caller disposes it.
 */
export function cropAndResize(pixels: tf.Tensor4D, view: View): tf.Tensor4D {
  const [batch, height, width] = pixels.shape;
  return tf.tidy(() => {
    const inputs = [
      tf.cast(pixels, 'float32'),
      boxesOf(view, batch),
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

/**
 * Computes the gradient of `cropAndResize` with respect to the pixels.
 *
 * @param dy Gradient with respect to its result, `[batch, height, width, 3]`.
 * @returns The same shape. The caller disposes it.
 */
export function cropAndResizeGradient(dy: tf.Tensor4D, view: View): tf.Tensor4D {
  const [batch] = dy.shape;
  return tf.tidy(() => {
    const inputs = [dy, boxesOf(view, batch), tf.range(0, batch, 1, 'int32'), tf.tensor1d(dy.shape, 'int32')];
    return runOp('CropAndResizeGradImage', inputs, [type('T', 'float32'), text('method', 'bilinear')]);
  });
}

/** The view's box for each image, `[batch, 4]`. */
function boxesOf({top, left, side, mirrored}: View, batch: number): tf.Tensor {
  const right = left + side;
  const box = [top, mirrored ? right : left, top + side, mirrored ? left : right];
  return tf.tile(tf.tensor2d([box]), [batch, 1]);
}
