/** Fits a linear model to the scores of images with random regions hidden, which LIME and kernel SHAP read as values of the regions. */
import type {CaptionModel} from './caption-model';
import type {WordMaps} from './explanation';
import {HiddenRegions, type RegionSettings} from './hidden';
import {LinearFit} from './linear-fit';

/** A linear model of the scores of each word. */
export interface FittedRegions {
  /** Maps of the values. */
  readonly image: WordMaps;
  /** Coefficients of each word, `[words]` of `[regions]`. */
  readonly values: readonly Float64Array[];
  /** Scores of the images that were fitted, `[images, words]`, row by row. */
  readonly scores: Float32Array;
}

/** How the model is fitted. */
export interface RegionFit {
  /** Returns what the images show, 1 or 0, `[images, regions]`, row by row. */
  readonly samplesOf: (regions: number) => Float32Array;
  /** Returns the weight of each image. @param shown As from `samplesOf`. */
  readonly weightsOf: (image: HiddenRegions, shown: Float32Array) => Float64Array;
  /** Returns the coefficients, `[regions]`. @param y Scores of a word, `[images]`. */
  readonly solve: (fit: LinearFit, y: Float64Array) => Float64Array;
}

/** Fits a linear model to the scores of each word. Pauses between batches of images and between words. */
export function* fitRegions(
  model: CaptionModel,
  settings: RegionSettings,
  {samplesOf, weightsOf, solve}: RegionFit,
): Generator<void, FittedRegions, void> {
  const image = new HiddenRegions(model, settings);
  try {
    const {count} = image;
    const {words} = model;
    const x = samplesOf(count);
    const scores = yield* image.scores(x);
    const fit = new LinearFit({x, features: count, weights: weightsOf(image, x)});
    const values: Float64Array[] = [];
    for (let word = 0; word < words; word++) {
      yield;
      values.push(
        solve(
          fit,
          Float64Array.from({length: x.length / count}, (_, row) => scores[row * words + word]!),
        ),
      );
    }
    return {image: image.maps(values), values, scores};
  } finally {
    image.dispose();
  }
}
