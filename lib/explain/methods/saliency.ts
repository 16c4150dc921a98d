/** Saliency: the gradient of a word's score with respect to each pixel. */
import {z} from 'zod';
import {optionGroup} from '../../option-group';
import {tf} from '../../tensorflow/tensorflow';
import {wordInfluence, wordMaps, type Attribution, type Method} from '../method';
import type {CaptionModel} from '../caption-model';

/** Options of the method `saliency`. */
export interface SaliencyOptions {
  /** Whether to take absolute values, before those of a pixel's colours are summed. @default true */
  readonly absolute?: boolean;
}

export const saliency: Method<Readonly<Required<SaliencyOptions>>> = {
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
  compute,
};

function* compute(
  model: CaptionModel,
  {absolute}: Required<SaliencyOptions>,
): Generator<void, Attribution, void> {
  const pass = model.pass(model.pixels);
  const maps: Float32Array[] = [];
  const influence: Float32Array[] = [];
  try {
    for (let word = 0; word < model.words; word++) {
      yield;
      const {pixels, embeddings} = pass.gradient(word);
      for (const [gradient, into] of [[pixels, maps] as const, [embeddings, influence] as const]) {
        const sums = tf.tidy(() => tf.sum(absolute ? tf.abs<tf.Tensor>(gradient) : gradient, -1));
        into.push(sums.dataSync<'float32'>());
        tf.dispose([sums, gradient]);
      }
    }
  } finally {
    pass.dispose();
  }
  return {
    image: wordMaps(maps, model.size, model.size),
    previousWords: wordInfluence(influence, model.positions),
  };
}
