/** An image with parts hidden: masked images in, scores of the words out. A hidden pixel has the colour of a baseline image. */
import type {FeatureAblationOptions} from '../option-types';
import {tf} from '../tensorflow/tensorflow';
import {baselineOf, type Baseline} from './baselines';
import type {CaptionModel} from './caption-model';
import {wordMaps} from './method';
import type {WordMaps} from './explanation';
import {gridCells, superpixels, type Segments} from './segments';

/** Options of methods that hide regions. */
export type RegionSettings = Required<FeatureAblationOptions>;

/** The image of a model, and the baseline that shows where it is hidden. */
export class HiddenImage {
  readonly #model: CaptionModel;
  /** RGB of the image, `[size, size, 3]`. */
  readonly pixels: Float32Array;
  /** RGB of the baseline, `[size, size, 3]`. */
  readonly baseline: Float32Array;
  readonly #hidden: tf.Tensor4D;

  constructor(model: CaptionModel, baseline: Baseline) {
    this.#model = model;
    this.pixels = model.pixels.dataSync<'float32'>();
    this.#hidden = baselineOf(baseline, model.pixels);
    this.baseline = this.#hidden.dataSync<'float32'>();
  }

  /**
   * Computes the scores of masked images, a batch at a time.
   *
   * @param count Number of masks.
   * @param maskOf Returns the masks from a number on, `[masks, size, size, 1]`: 1 shows a pixel, 0 hides it. They are disposed.
   * @param onBatch Is given each batch's masks and scores, `[masks, words]`.
   * @returns The scores of all, `[masks, words]`, row by row.
   */
  *scores(
    count: number,
    maskOf: (from: number, masks: number) => tf.Tensor4D,
    onBatch?: (masks: tf.Tensor4D, scores: Float32Array) => void,
  ): Generator<void, Float32Array, void> {
    const model = this.#model;
    const all = new Float32Array(count * model.words);
    for (const [from, masks] of model.batches(count)) {
      const mask = maskOf(from, masks);
      const pixels = tf.tidy(() =>
        tf.add<tf.Tensor4D>(this.#hidden, tf.mul(mask, tf.sub(model.pixels, this.#hidden))),
      );
      const scores = model.scoresAtOnce(pixels);
      all.set(scores, from * model.words);
      onBatch?.(mask, scores);
      tf.dispose([mask, pixels]);
      yield;
    }
    return all;
  }

  dispose(): void {
    this.#hidden.dispose();
  }
}

/** An image of which regions can be hidden. */
export class HiddenRegions {
  readonly segments: Segments;
  readonly image: HiddenImage;
  readonly #labels: tf.Tensor1D;
  /** Cells per side, unless the regions are superpixels. */
  readonly #cells: number | undefined;

  constructor(model: CaptionModel, {regions, cells, segments, baseline}: RegionSettings) {
    const {size} = model;
    this.image = new HiddenImage(model, baseline);
    this.#cells = regions === 'cells' ? cells : undefined;
    this.segments =
      regions === 'cells' ? gridCells(size, cells) : superpixels(this.image.pixels, size, {segments});
    this.#labels = tf.tensor1d(this.segments.labels, 'int32');
  }

  /** Number of regions. */
  get count(): number {
    return this.segments.count;
  }

  /**
   * Computes the scores of images with regions hidden.
   *
   * @param shown For each image whether it shows each region, 1 or 0, `[images, regions]`, row by row.
   * @returns `[images, words]`, row by row.
   */
  *scores(shown: Float32Array): Generator<void, Float32Array, void> {
    const {count, segments} = this;
    return yield* this.image.scores(shown.length / count, (from, images) =>
      tf.tidy(() => {
        const rows = tf.tensor2d(shown.subarray(from * count, (from + images) * count), [images, count]);
        const masks = tf.gather(rows, this.#labels, 1);
        return tf.reshape<tf.Rank.R4>(masks, [images, segments.size, segments.size, 1]);
      }),
    );
  }

  /**
   * Makes maps from one value for each region: of cells one value per cell; of superpixels the value spread over the pixels, so that the sum
   * of a map is that of its values in both cases.
   */
  maps(values: readonly ArrayLike<number>[]): WordMaps {
    const {count, labels, size} = this.segments;
    if (this.#cells !== undefined) return wordMaps(values, this.#cells, this.#cells);
    const areas = new Float64Array(count);
    for (const label of labels) areas[label]!++;
    const spread = values.map((own) => Float32Array.from(labels, (label) => own[label]! / areas[label]!));
    return wordMaps(spread, size, size);
  }

  dispose(): void {
    this.image.dispose();
    this.#labels.dispose();
  }
}
