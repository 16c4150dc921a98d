import {expect} from 'chai';
import {tf, type Attribution} from 'captioner';
import {toAttribution} from 'captioner/dist/explain/gradient-sums';
import type {CaptionModel} from 'captioner/dist/explain/caption-model';
import {noisyGradients} from 'captioner/dist/explain/methods/smoothgrad';
import {relativeError, tensorOf} from '../tensors';
import {finish, fixture, kinds, run, smallModel} from './small-captioner';

/** Relative to the largest value. */
const tolerance = 1e-4;

function noisy(model: CaptionModel, statistic: (mean: number, square: number) => number): Attribution {
  const noise = tensorOf<tf.Rank.R4>(fixture.noise);
  const [samples, ...rest] = noise.shape;
  const draw = (at: number): tf.Tensor4D => tf.slice(noise, [at, 0, 0, 0], [1, ...rest]);
  try {
    return toAttribution(finish(noisyGradients(model, samples, draw, statistic)), model);
  } finally {
    noise.dispose();
  }
}

/** Our call for each of the fixture's results. */
const calls: Record<string, (model: CaptionModel) => Attribution> = {
  'saliency': (model) => run(model, 'saliency', {absolute: true}),
  'input-x-gradient': (model) => run(model, 'input-x-gradient'),
  'integrated-gradients': (model) => run(model, 'integrated-gradients', {steps: 20}),
  'integrated-gradients mean': (model) =>
    run(model, 'integrated-gradients', {steps: 20, baselines: ['mean']}),
  'smoothgrad': (model) => noisy(model, (mean) => mean),
  'smoothgrad-sq': (model) => noisy(model, (_, square) => square),
  'vargrad': (model) => noisy(model, (mean, square) => square - mean * mean),
  'grad-cam last': (model) => run(model, 'grad-cam'),
  'grad-cam second': (model) => run(model, 'grad-cam', {block: 'second'}),
  'guided-backprop': (model) => run(model, 'guided-backprop'),
  'guided-grad-cam': (model) => run(model, 'guided-grad-cam'),
  'deep-lift': (model) => run(model, 'deep-lift', {decoder: 'gradient'}),
};

describe('explanations equal those of Captum', () => {
  for (const kind of kinds)
    for (const [name, call] of Object.entries(calls))
      it(`${name}, ${kind} decoder`, () => {
        const model = smallModel(kind, {batch: 3, ...(name === 'deep-lift' && {pooling: 'average'})});
        const {pixels, words} = fixture.decoders[kind]!.found[name]!;
        const found = call(model);
        expect(relativeError(found.image.values, pixels.values)).to.be.below(tolerance);
        if (words) {
          // Captum's are of what the decoder reads: the start id, then the words.
          const steps = fixture.caption.length;
          const expected = fixture.explained.flatMap((position, at) =>
            fixture.caption.map((_, word) => (word < position ? words.values[at * steps + word + 1]! : 0)),
          );
          expect(relativeError(found.previousWords!.values, expected)).to.be.below(tolerance);
        }
        model.free();
      });
});
