/** Guided backpropagation: the gradient that passes the encoder's activations only where it is positive. */
import {toAttribution} from '../gradient-sums';
import {noOptions, type Attribution, type Method, type NoOptions} from '../method';
import {gradientsOf} from './saliency';

export const guidedBackprop: Method<NoOptions> = {
  name: 'guided-backprop',
  title: 'Guided backpropagation',
  about:
    "The gradient without what would lower the encoder's activations: sharp, but it shows edges more than reasons.",
  source: 'Springenberg et al. 2015, arXiv 1412.6806',
  complete: false,
  features: 'pixels',
  options: noOptions('guided-backprop'),
  passes: (words) => 1 + words,
  *compute(model): Generator<void, Attribution, void> {
    const {image} = toAttribution(yield* gradientsOf(model, true), model);
    return {image};
  },
};
