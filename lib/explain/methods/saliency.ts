/** Saliency: the gradient of a word's score with respect to each pixel. */
import type {SaliencyOptions} from '../../option-types';
import type {CaptionModel} from '../caption-model';
import {readGradients, toAttribution, type WordGradients} from '../gradient-sums';
import type {Attribution, Method} from '../method';
import {saliencyOptions} from '../method-options';

export type {SaliencyOptions};

export const saliency: Method<Required<SaliencyOptions>> = {
  name: 'saliency',
  title: 'Saliency',
  about: 'How strongly the score reacts to a small change of each pixel.',
  source: 'Simonyan et al. 2014, arXiv 1312.6034',
  complete: false,
  features: 'pixels',
  options: saliencyOptions,
  passes: (words) => 1 + words,
  *compute(model, {absolute}): Generator<void, Attribution, void> {
    const {pixels, embeddings} = yield* gradientsOf(model);
    const read = (all: Float32Array[]) => (absolute ? all.map((one) => one.map(Math.abs)) : all);
    return toAttribution({pixels: read(pixels), embeddings: read(embeddings)}, model);
  },
};

/** Computes the gradient of each word at the image itself. */
export function* gradientsOf(
  model: CaptionModel,
  guided: boolean = false,
): Generator<void, WordGradients, void> {
  const found: WordGradients = {pixels: [], embeddings: []};
  const pass = model.pass(model.pixels);
  try {
    for (let word = 0; word < model.words; word++) {
      yield;
      const {pixels, embeddings} = readGradients(pass.gradient(word, {guided}));
      found.pixels.push(pixels);
      found.embeddings.push(embeddings);
    }
  } finally {
    pass.dispose();
  }
  return found;
}
