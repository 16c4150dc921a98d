import {expect} from 'chai';
import {tf} from 'captioner';
import type {CaptionModel} from 'captioner/dist/explain/caption-model';
import {run} from './small-captioner';
import {correlations, type Explain, type SanityModels, sanityModels} from './sanity';

/** Largest correlation with the maps of a model whose decoder and last six blocks are random, and of one that is random throughout. */
const limit = 0.2;

const method =
  (name: string, options: object = {}): Explain =>
  (model) => {
    const {values, shape} = run(model, name, options).image;
    const [words, height, width] = shape;
    return Array.from({length: words}, (_, at) =>
      values.slice(at * height * width, (at + 1) * height * width),
    );
  };

/** Looks like an explanation, but knows nothing of the model: edges of the image. */
const edges: Explain = (model: CaptionModel) =>
  tf.tidy(() => {
    const grey = tf.mean<tf.Tensor4D>(model.pixels, 3, true);
    const kernel = tf.tensor4d([0, 1, 0, 1, -4, 1, 0, 1, 0], [3, 3, 1, 1]);
    const map = tf.abs(tf.conv2d(grey, kernel, 1, 'same')).dataSync<'float32'>();
    return model.positions.map(() => map);
  });

describe('sanity: maps change when the weights are randomised from the top down', () => {
  let models: SanityModels;
  before(async () => (models = await sanityModels()));
  after(() => models.free());

  const methods: [name: string, options: object][] = [
    ['saliency', {absolute: false}],
    ['input-x-gradient', {}],
    ['integrated-gradients', {steps: 8}],
    ['smoothgrad', {samples: 4}],
    ['grad-cam', {}],
    ['grad-cam++', {}],
    ['deep-lift', {}],
    ['attention', {}],
    ['attention-x-gradient', {}],
  ];
  for (const [name, options] of methods)
    it(`${name} ${JSON.stringify(options)}`, () => {
      expect(Math.max(...correlations(method(name, options), models).slice(-2))).to.be.below(limit);
    });

  // Both are known for it: Adebayo et al. 2018; Sixt et al. 2020, arXiv 1912.09818.
  for (const [name, explain] of [
    ['a detector of edges', edges],
    ['guided-backprop', method('guided-backprop')],
    ['lrp', method('lrp')],
  ] as const)
    it(`is failed by ${name}`, () => {
      expect(Math.max(...correlations(explain, models).slice(-2))).to.be.above(limit);
    });
});
