import {expect} from 'chai';
import {tf} from 'captioner';
import {transparentLogits, runTransparent} from 'captioner/dist/decoders/transparent/forms';
import {totals} from 'captioner/dist/explain/gradient-sums';
import {relativeError} from '../tensors';
import {finish, fixture, kinds, run, smallDecoder, smallModel} from './small-captioner';

/** Largest error of the sums, as a part of the largest sum of absolute values. */
function completenessError(kind: string, name: string, options: object): number {
  const model = smallModel(kind);
  const found = run(model, name, options);
  const sizes = totals({
    image: {...found.image, values: found.image.values.map(Math.abs)},
    ...(found.previousWords && {
      previousWords: {...found.previousWords, values: found.previousWords.values.map(Math.abs)},
    }),
  });
  model.free();
  return Math.max(...found.delta!.map(Math.abs)) / Math.max(...sizes);
}

describe('completeness', () => {
  const tolerances: [method: string, options: object, tolerance: number][] = [
    ['integrated-gradients', {steps: 300}, 5e-3],
    ['integrated-gradients', {steps: 300, baselines: ['black', 'mean', 'blurred']}, 5e-3],
    ['integrated-gradients', {steps: 300, previousWords: 'given'}, 5e-3],
    ['deep-lift', {}, 5e-3],
    ['deep-lift', {baseline: 'blurred'}, 5e-3],
    ['lrp', {}, 1e-5],
  ];
  for (const kind of kinds)
    for (const [name, options, tolerance] of tolerances)
      it(`${name} ${JSON.stringify(options)}, ${kind} decoder: the values sum to the change of the score`, () => {
        expect(completenessError(kind, name, options)).to.be.below(tolerance);
      });

  it('fails for a method that does not promise it', () => {
    const model = smallModel('attention');
    const found = run(model, 'input-x-gradient');
    const scores = [model.pixels, tf.zerosLike(model.pixels)].map((pixels) => finish(model.scores(pixels)));
    const change = scores[0]![0]! - scores[1]![0]!;
    expect(Math.abs(totals(found)[0]! - change)).to.be.above(0.1 * Math.abs(change));
    model.free();
  });
});

describe('transparent decoders', () => {
  for (const kind of kinds)
    it(`compute the logits of the ${kind} decoder`, () => {
      const decoder = smallDecoder(kind);
      const {caption} = fixture;
      const features = tf.randomNormal(kind === 'lstm' ? [2, 7] : [2, 9, 7], 0, 1, 'float32', 3);
      const inputs = tf.tensor2d(
        [
          [1, ...caption.slice(0, -1)],
          [1, 5, 4, 6],
        ],
        undefined,
        'int32',
      );
      const tokens = tf.tensor2d([caption], undefined, 'int32');
      const logits = decoder.logits(features, inputs);
      const expected = tf.stack(
        caption.map((token, step) => tf.reshape(tf.slice(logits, [0, step, token], [2, 1, 1]), [2])),
        1,
      );
      for (const linear of [false, true]) {
        const form = runTransparent(decoder, features, decoder.embed(inputs), {linear});
        expect(relativeError(transparentLogits(decoder, form, tokens), expected.dataSync())).to.be.below(
          1e-5,
        );
      }
      decoder.dispose();
    });
});
