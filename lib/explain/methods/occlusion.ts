/** Occlusion: how much the score falls when a square window of the image is hidden. */
import type {OcclusionOptions} from '../../option-types';
import {tf} from '../../tensorflow/tensorflow';
import type {Baseline} from '../baselines';
import type {CaptionModel} from '../caption-model';
import {HiddenImage} from '../hidden';
import {wordMaps, type Attribution, type Method} from '../method';
import {occlusionOptions} from '../method-options';

export type {OcclusionOptions};

interface Settings {
  readonly window?: number | undefined;
  readonly stride?: number | undefined;
  readonly scales: number;
  readonly baseline: Baseline;
}

export const occlusion: Method<Settings> = {
  name: 'occlusion',
  title: 'Occlusion',
  about: 'How much the score falls when a square window of the image is hidden.',
  source: 'Zeiler and Fergus 2014, arXiv 1311.2901',
  complete: false,
  features: 'pixels',
  perturbs: true,
  options: occlusionOptions,
  // The usual window has 6 positions along each side.
  passes: (_, {window, stride}) => (window === undefined && stride === undefined ? 37 : 1),
  compute,
};

/** Corners of the windows along one side: the last one may reach beyond the image. */
function startsOf(size: number, window: number, stride: number): number[] {
  return Array.from({length: Math.max(0, Math.ceil((size - window) / stride)) + 1}, (_, k) => k * stride);
}

function* compute(model: CaptionModel, settings: Settings): Generator<void, Attribution, void> {
  const {size, words} = model;
  const {baseline, scales} = settings;
  const {window: smallest, stride: nearest} = sizes(settings, size);
  const image = new HiddenImage(model, baseline);
  try {
    const maps = Array.from({length: words}, () => new Float32Array(size * size));
    for (let scale = 0; scale < scales; scale++) {
      const [window, stride] = [Math.min(size, smallest * 2 ** scale), nearest * 2 ** scale];
      const starts = startsOf(size, window, stride);
      const corners = starts.flatMap((top) => starts.map((left): Corner => [top, left]));
      const scores = yield* image.scores(corners.length + 1, (from, count) =>
        masks(from, count, corners, window, size),
      );
      for (const [word, map] of maps.entries()) {
        const falls = corners.map((_, at) => scores[word]! - scores[(at + 1) * words + word]!);
        for (const [pixel, value] of meanOfWindows(falls, corners, window, size).entries())
          map[pixel]! += value / scales;
      }
    }
    return {image: wordMaps(maps, size, size)};
  } finally {
    image.dispose();
  }
}

/** Top and left of a window. */
type Corner = readonly [top: number, left: number];

function sizes({window, stride}: Settings, size: number): {window: number; stride: number} {
  const side = Math.min(size, window ?? Math.ceil((2 * size) / 7));
  return {window: side, stride: stride ?? Math.ceil(side / 2)};
}

/** Hides one window in each image; the first is whole. */
function masks(
  from: number,
  count: number,
  corners: readonly Corner[],
  window: number,
  size: number,
): tf.Tensor4D {
  const mask = new Float32Array(count * size * size).fill(1);
  for (let at = Math.max(0, 1 - from); at < count; at++) {
    const [top, left] = corners[from + at - 1]!;
    for (let y = top; y < Math.min(size, top + window); y++)
      mask.fill(0, (at * size + y) * size + left, (at * size + y) * size + Math.min(size, left + window));
  }
  return tf.tensor4d(mask, [count, size, size, 1]);
}

/** Averages at each pixel the values of the windows that cover it, each spread over the window's area. */
function meanOfWindows(
  values: readonly number[],
  corners: readonly Corner[],
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
