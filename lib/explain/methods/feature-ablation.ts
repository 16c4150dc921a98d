/** Feature ablation: how much the score falls when one region is hidden. */
import type {FeatureAblationOptions} from '../../option-types';
import type {CaptionModel} from '../caption-model';
import {HiddenRegions, type RegionSettings} from '../hidden';
import type {Attribution, Method} from '../method';
import {featureAblationOptions} from '../method-options';

export type {FeatureAblationOptions};

export const featureAblation: Method<RegionSettings> = {
  name: 'feature-ablation',
  title: 'Feature ablation',
  about: 'How much the score falls when one region is hidden.',
  source: 'Zeiler and Fergus 2014, arXiv 1311.2901',
  complete: false,
  features: 'regions',
  perturbs: true,
  options: featureAblationOptions,
  passes: (_, settings) => 1 + regionCount(settings),
  compute,
};

/** Returns the number of regions, approximately for superpixels. */
export function regionCount({regions, cells, segments}: RegionSettings): number {
  return regions === 'cells' ? cells * cells : segments;
}

function* compute(model: CaptionModel, settings: RegionSettings): Generator<void, Attribution, void> {
  const image = new HiddenRegions(model, settings);
  try {
    const {count} = image;
    const {words} = model;
    // The whole image, then one without each region.
    const shown = new Float32Array((count + 1) * count).fill(1);
    for (let region = 0; region < count; region++) shown[(region + 1) * count + region] = 0;
    const scores = yield* image.scores(shown);
    const values = Array.from({length: words}, (_, word) =>
      Float32Array.from({length: count}, (_, region) => scores[word]! - scores[(region + 1) * words + word]!),
    );
    return {image: image.maps(values)};
  } finally {
    image.dispose();
  }
}
