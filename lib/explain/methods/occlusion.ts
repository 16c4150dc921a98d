/** Occlusion: how much the score falls when a square window of the image is hidden. */
import {z} from 'zod';
import {optionGroup} from '../../option-group';
import {tf} from '../../tensorflow/tensorflow';
import type {Baseline} from '../baselines';
import type {CaptionModel} from '../caption-model';
import {baselineShape, HiddenImage} from '../hidden';
import {wordMaps, type Attribution, type Method} from '../method';

/** Options of the method `occlusion`. */
export interface OcclusionOptions {
  /** Side of the window in pixels. @default a seventh of the image's side */
  readonly window?: number;
  /** Distance between the positions of the window in pixels. @default half the window */
  readonly stride?: number;
  /** What a hidden pixel shows: black, the mean colour of the image, or the blurred image. @default 'blurred' */
  readonly baseline?: Baseline;
}
interface Settings {
  readonly window?: number | undefined;
  readonly stride?: number | undefined;
  readonly baseline: Baseline;
}

export const occlusion: Method<Settings> = {
  name: 'occlusion',
  title: 'Occlusion',
  about: 'How much the score falls when a square window of the image is hidden.',
  source: 'Zeiler and Fergus 2014, arXiv 1311.2901',
  complete: false,
  features: 'pixels',
  options: optionGroup<OcclusionOptions>({
    owner: 'occlusion method',
    type: 'OcclusionOptions',
    about: 'Options of the method `occlusion`.',
  })(
    z.strictObject({
      window: z
        .int()
        .min(1)
        .optional()
        .describe("Side of the window in pixels; a seventh of the image's side."),
      stride: z
        .int()
        .min(1)
        .optional()
        .describe('Distance between the positions of the window in pixels; half the window.'),
      ...baselineShape,
    }),
  ),
  // The usual window has 13 positions along each side.
  passes: (_, {window, stride}) => (window === undefined && stride === undefined ? 170 : 1),
  compute,
};

/** Corners of the windows along one side: the last one may reach beyond the image. */
function startsOf(size: number, window: number, stride: number): number[] {
  return Array.from({length: Math.max(0, Math.ceil((size - window) / stride)) + 1}, (_, k) => k * stride);
}

function* compute(model: CaptionModel, {baseline, ...given}: Settings): Generator<void, Attribution, void> {
  const {size, words} = model;
  const window = Math.min(size, given.window ?? Math.ceil(size / 7));
  const stride = given.stride ?? Math.ceil(window / 2);
  const starts = startsOf(size, window, stride);
  const corners = starts.flatMap((top) => starts.map((left) => [top, left] as const));
  const image = new HiddenImage(model, baseline);
  try {
    const maskOf = (from: number, count: number): tf.Tensor4D => {
      const mask = new Float32Array(count * size * size).fill(1);
      for (let at = 0; at < count; at++)
        // The first image is the whole one.
        if (from + at > 0) fill(mask, at, corners[from + at - 1]!);
      return tf.tensor4d(mask, [count, size, size, 1]);
    };
    const fill = (mask: Float32Array, at: number, [top, left]: readonly [number, number]): void => {
      for (let y = top; y < Math.min(size, top + window); y++)
        mask.fill(0, (at * size + y) * size + left, (at * size + y) * size + Math.min(size, left + window));
    };
    const scores = yield* image.scores(corners.length + 1, maskOf);
    const maps = Array.from({length: words}, (_, word) => {
      const falls = corners.map((_, at) => scores[word]! - scores[(at + 1) * words + word]!);
      return meanOfWindows(falls, corners, window, size);
    });
    return {image: wordMaps(maps, size, size)};
  } finally {
    image.dispose();
  }
}

/** Averages at each pixel the values of the windows that cover it, each spread over the window's area. */
function meanOfWindows(
  values: readonly number[],
  corners: readonly (readonly [number, number])[],
  window: number,
  size: number,
): Float32Array {
  const [sums, counts] = [new Float64Array(size * size), new Uint32Array(size * size)];
  for (const [at, [top, left]] of corners.entries())
    for (let y = top; y < Math.min(size, top + window); y++)
      for (let x = left; x < Math.min(size, left + window); x++) {
        sums[y * size + x]! += values[at]!;
        counts[y * size + x]!++;
      }
  return Float32Array.from(sums, (sum, at) => sum / counts[at]! / (window * window));
}
