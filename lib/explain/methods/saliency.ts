/** Saliency: the gradient of a word's score with respect to each pixel. */
import {z} from 'zod';
import {optionGroup} from '../../option-group';
import type {CaptionModel} from '../caption-model';
import {readGradients, toAttribution, type WordGradients} from '../gradient-sums';
import type {Attribution, Method} from '../method';

/** Options of the method `saliency`. */
export interface SaliencyOptions {
  /** Whether to take absolute values, before those of a pixel's colours are summed. @default true */
  readonly absolute?: boolean;
}

export const saliency: Method<Required<SaliencyOptions>> = {
  name: 'saliency',
  title: 'Saliency',
  about: 'How strongly the score reacts to a small change of each pixel.',
  source: 'Simonyan et al. 2014, arXiv 1312.6034',
  complete: false,
  features: 'pixels',
  options: optionGroup<SaliencyOptions>({
    owner: 'saliency method',
    type: 'SaliencyOptions',
    about: 'Options of the method `saliency`.',
  })(
    z.strictObject({
      absolute: z
        .boolean()
        .default(true)
        .describe("Takes absolute values, before those of a pixel's colours are summed."),
    }),
  ),
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
