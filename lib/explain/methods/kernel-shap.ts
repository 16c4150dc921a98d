/** Kernel SHAP: Shapley values as the coefficients of a linear model that is fitted to the scores of images with random regions hidden. */
import type {KernelShapOptions} from '../../option-types';
import {SeededRandom} from '../../random/random';
import type {CaptionModel} from '../caption-model';
import {fitRegions} from '../fitted-regions';
import type {Attribution, Method} from '../method';
import {kernelShapOptions} from '../method-options';
import {deltaOf} from './shapley-value-sampling';

export type {KernelShapOptions};

type Settings = Required<KernelShapOptions>;

/** Weight of the image that shows everything and of the one that shows nothing, which the linear model has to match. */
const exact = 1e6;

export const kernelShap: Method<Settings> = {
  name: 'kernel-shap',
  title: 'Kernel SHAP',
  about: 'Shapley values from a linear model of the scores of images with random regions hidden.',
  source: 'Lundberg and Lee 2017, arXiv 1705.07874',
  complete: true,
  features: 'regions',
  perturbs: true,
  options: kernelShapOptions,
  passes: (_, {samples}) => samples,
  compute: (model, settings) => kernelShapOf(model, settings, (count) => sampled(count, settings)),
};

/**
 * Fits the Shapley values.
 *
 * @param samplesOf Returns what the images show, `[images, regions]`; the first nothing, the second everything.
 */
export function* kernelShapOf(
  model: CaptionModel,
  settings: Settings,
  samplesOf: (regions: number) => Float32Array,
): Generator<void, Attribution, void> {
  const {image, values, scores} = yield* fitRegions(model, settings, {
    samplesOf,
    weightsOf: ({count}, shown) => new Float64Array(shown.length / count).fill(1).fill(exact, 0, 2),
    solve: (fit, y) => fit.leastSquares(y),
  });
  return {image, delta: deltaOf(values, scores)};
}

/**
 * Samples what is shown as the Shapley kernel weights it, so that all samples have the same weight: the number of regions, then which ones.
 * Each sample is followed by its complement, which lowers the variance (Covert and Lee 2021, arXiv 2012.01536).
 */
function sampled(count: number, {samples, seed}: Settings): Float32Array {
  const random = new SeededRandom(seed);
  const shown = new Float32Array(samples * count).fill(1, count, 2 * count);
  const kernel = Array.from({length: count - 1}, (_, k) => (count - 1) / ((k + 1) * (count - k - 1)));
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  for (let row = 2; row < samples; row++)
    if (row % 2 === 1)
      for (let k = 0; k < count; k++) shown[row * count + k] = 1 - shown[(row - 1) * count + k]!;
    else {
      let rest = random.next() * total;
      let number = 1;
      while (number < count - 1 && (rest -= kernel[number - 1]!) > 0) number++;
      const order = Array.from({length: count}, (_, k) => ({k, key: random.next()})).sort(
        (a, b) => a.key - b.key,
      );
      for (const {k} of order.slice(0, number)) shown[row * count + k] = 1;
    }
  return shown;
}
