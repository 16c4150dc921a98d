/** Input × gradient: a first-order estimate of what each pixel adds, compared with a black one. */
import {multiply, toAttribution} from '../gradient-sums';
import {noOptions, type Attribution, type Method, type NoOptions} from '../method';
import {gradientsOf} from './saliency';

export const inputXGradient: Method<NoOptions> = {
  name: 'input-x-gradient',
  title: 'Input × gradient',
  about: 'The gradient of each pixel times its brightness: what the pixel adds, were the score linear.',
  source: 'Shrikumar et al. 2016, arXiv 1605.01713',
  complete: false,
  features: 'pixels',
  options: noOptions('input-x-gradient'),
  passes: (words) => 1 + words,
  *compute(model): Generator<void, Attribution, void> {
    const {pixels, embeddings} = yield* gradientsOf(model);
    const [image, words] = [model.pixels.dataSync<'float32'>(), model.embeddings.dataSync<'float32'>()];
    for (const one of pixels) multiply(one, image);
    for (const one of embeddings) multiply(one, words);
    return toAttribution({pixels, embeddings}, model);
  },
};
