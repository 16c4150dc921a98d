/** Guided Grad-CAM: guided backpropagation where Grad-CAM is positive. */
import type {GuidedGradCamOptions} from '../../option-types';
import {sumGroups} from '../gradient-sums';
import {wordMaps, type Attribution, type Method} from '../method';
import {guidedGradCamOptions} from '../method-options';
import {classMaps} from './grad-cam';
import {gradientsOf} from './saliency';

export type {GuidedGradCamOptions};

export const guidedGradCam: Method<Readonly<Required<GuidedGradCamOptions>>> = {
  name: 'guided-grad-cam',
  title: 'Guided Grad-CAM',
  about: 'Guided backpropagation, where Grad-CAM says that the word depends on the image.',
  source: 'Selvaraju et al. 2017, arXiv 1610.02391',
  complete: false,
  features: 'pixels',
  options: guidedGradCamOptions,
  passes: (words) => 2 * (1 + words),
  *compute(model, {block}): Generator<void, Attribution, void> {
    const {size} = model;
    const cams = yield* classMaps(model, {block, positive: true});
    const {pixels} = yield* gradientsOf(model, true);
    const maps = pixels.map((gradient, word) => {
      const cam = cams[word]!;
      const side = Math.sqrt(cam.length);
      const cell = (at: number): number => Math.floor((at * side) / size);
      return sumGroups(gradient, 3).map(
        (value, at) => value * cam[cell(Math.floor(at / size)) * side + cell(at % size)]!,
      );
    });
    return {image: wordMaps(maps, size, size)};
  },
};
