/** LIME: the coefficients of a sparse linear model that is fitted to the scores of images with random regions hidden. */
import type {LimeOptions} from '../../option-types';
import {SeededRandom} from '../../random/random';
import type {CaptionModel} from '../caption-model';
import {fitRegions} from '../fitted-regions';
import type {HiddenRegions} from '../hidden';
import type {Attribution, Method} from '../method';
import {limeOptions} from '../method-options';

export type {LimeOptions};

type Settings = Required<LimeOptions>;

export const lime: Method<Settings> = {
  name: 'lime',
  title: 'LIME',
  about: 'A sparse linear model of the scores of images with random regions hidden.',
  source: 'Ribeiro et al. 2016, arXiv 1602.04938',
  complete: false,
  features: 'regions',
  perturbs: true,
  options: limeOptions,
  passes: (_, {samples}) => samples,
  compute: (model, settings) => limeOf(model, settings, (count) => sampled(count, settings)),
};

/** Fits the linear model. @param samplesOf Returns what the images show, `[images, regions]`. */
export function* limeOf(
  model: CaptionModel,
  settings: Settings,
  samplesOf: (regions: number) => Float32Array,
): Generator<void, Attribution, void> {
  const {image} = yield* fitRegions(model, settings, {
    samplesOf,
    weightsOf: (regions, shown) => similarities(regions, shown, settings.kernelWidth),
    solve: (fit, y) => fit.lasso(y, settings.alpha),
  });
  return {image};
}

/** Computes the similarity of each sample to the image, from the cosine between their pixels. */
function similarities({segments, image, count}: HiddenRegions, x: Float32Array, width: number): Float64Array {
  const {pixels, baseline} = image;
  // Products of the image with itself, with the baseline, and of the baseline with itself, by region.
  const [own, mixed, hidden] = [0, 0, 0].map(() => new Float64Array(count));
  for (const [at, label] of segments.labels.entries())
    for (let k = 3 * at; k < 3 * at + 3; k++) {
      own![label]! += pixels[k]! ** 2;
      mixed![label]! += pixels[k]! * baseline[k]!;
      hidden![label]! += baseline[k]! ** 2;
    }
  const length = Math.sqrt(own!.reduce((sum, value) => sum + value, 0));
  return Float64Array.from({length: x.length / count}, (_, row) => {
    let [product, square] = [0, 0];
    for (let k = 0; k < count; k++) {
      const isShown = x[row * count + k] === 1;
      product += (isShown ? own! : mixed!)[k]!;
      square += (isShown ? own! : hidden!)[k]!;
    }
    const cosine = product / Math.max(length * Math.sqrt(square), 1e-8);
    return Math.exp(-((1 - cosine) ** 2) / (2 * width ** 2));
  });
}

/** Shows each region with probability one half. */
function sampled(count: number, {samples, seed}: Settings): Float32Array {
  const random = new SeededRandom(seed);
  return Float32Array.from({length: samples * count}, () => Number(random.bernoulli(0.5)));
}
