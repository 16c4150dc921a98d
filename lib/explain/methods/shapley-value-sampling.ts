/** Shapley value sampling: what each region adds to the score, on average over random orders in which regions appear. */
import type {ShapleyValueSamplingOptions} from '../../option-types';
import {permutation} from '../../random/random';
import type {CaptionModel} from '../caption-model';
import {HiddenRegions} from '../hidden';
import type {Attribution, Method} from '../method';
import {shapleyValueSamplingOptions} from '../method-options';
import {regionCount} from './feature-ablation';

export type {ShapleyValueSamplingOptions};

type Settings = Required<ShapleyValueSamplingOptions>;

export const shapleyValueSampling: Method<Settings> = {
  name: 'shapley-value-sampling',
  title: 'Shapley value sampling',
  about: 'What each region adds to the score, on average over random orders in which regions appear.',
  source: 'Castro et al. 2009, Computers & Operations Research 36',
  complete: true,
  features: 'regions',
  perturbs: true,
  options: shapleyValueSamplingOptions,
  passes: (_, settings) => 2 + settings.samples * (regionCount(settings) - 1),
  compute: (model, settings) =>
    shapleyOf(model, settings, (sample, count) => permutation(count, settings.seed, sample)),
};

/**
 * Computes Shapley values from orders of the regions.
 *
 * @param orderOf Returns the order of a sample: the numbers of the regions as they appear.
 */
export function* shapleyOf(
  model: CaptionModel,
  settings: Settings,
  orderOf: (sample: number, count: number) => Int32Array,
): Generator<void, Attribution, void> {
  const {samples} = settings;
  const image = new HiddenRegions(model, settings);
  try {
    const {count} = image;
    const {words} = model;
    const orders = Array.from({length: samples}, (_, sample) => orderOf(sample, count));
    // Nothing, everything, then for each order the regions up to each but the last.
    const shown = new Float32Array((2 + samples * (count - 1)) * count);
    shown.fill(1, count, 2 * count);
    for (const [sample, order] of orders.entries())
      for (let at = 0; at < count - 1; at++)
        for (let k = 0; k <= at; k++) shown[(2 + sample * (count - 1) + at) * count + order[k]!] = 1;
    const scores = yield* image.scores(shown);
    const scoreOf = (sample: number, at: number, word: number): number => {
      const row = at < 0 ? 0 : at === count - 1 ? 1 : 2 + sample * (count - 1) + at;
      return scores[row * words + word]!;
    };
    const values = Array.from({length: words}, (_, word) => {
      const sums = new Float64Array(count);
      for (const [sample, order] of orders.entries())
        for (const [at, region] of order.entries())
          sums[region]! += scoreOf(sample, at, word) - scoreOf(sample, at - 1, word);
      return Float32Array.from(sums, (sum) => sum / samples);
    });
    return {image: image.maps(values), delta: deltaOf(values, scores)};
  } finally {
    image.dispose();
  }
}

/**
 * Computes the completeness error of each word.
 *
 * @param values Of each word, one value for each region.
 * @param scores Those of the baseline, then those of the image, `[2 or more, words]`.
 */
export function deltaOf(values: readonly ArrayLike<number>[], scores: ArrayLike<number>): Float32Array {
  const words = values.length;
  return Float32Array.from(values, (own, word) => {
    const sum = Array.from(own).reduce((all, value) => all + value, 0);
    return sum - (scores[words + word]! - scores[word]!);
  });
}
