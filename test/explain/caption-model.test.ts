import {expect} from 'chai';
import {CaptionerError, tf, methodNames} from 'captioner';
import {teacherForced} from 'captioner/dist/explain/described-words';
import {normal} from 'captioner/dist/ops/random';
import {eagerly, leaked, relativeError} from '../tensors';
import {finish, fixture, kinds, run, smallModel, type ModelOptions} from './small-captioner';

/** Captioners of every make: a single decoder, several views, an ensemble, and both; the words are also contrasted with another. */
const makes: [name: string, kinds: string | string[], options: ModelOptions][] = [
  ...kinds.map((kind): [string, string, ModelOptions] => [kind, kind, {}]),
  ...kinds.map((kind): [string, string, ModelOptions] => [`${kind} with 3 views`, kind, {views: 3}]),
  ['ensemble', ['attention', 'transformer'], {}],
  ['ensemble of grid and pooled', ['lstm', 'adaptive'], {views: 2}],
  ['contrast', 'attention', {against: 6}],
];

describe('CaptionModel', () => {
  for (const kind of kinds)
    it(`computes the scores that PyTorch computes, ${kind} decoder`, () => {
      const model = smallModel(kind);
      const expected = fixture.explained.map((position) => fixture.decoders[kind]!.scores.values[position]!);
      expect(relativeError(finish(model.scores(model.pixels)), expected)).to.be.below(1e-5);
      model.free();
    });

  for (const [name, kind, options] of makes)
    it(`computes the scores that search sees, ${name}`, () => {
      const model = smallModel(kind, options);
      const {probabilities} = teacherForced(model);
      const expected = fixture.explained.map((position) => {
        const here = probabilities[position]!;
        const score = Math.log(here[fixture.caption[position]!]!);
        return model.against === undefined ? score : score - Math.log(here[model.against]!);
      });
      expect(relativeError(finish(model.scores(model.pixels)), expected)).to.be.below(1e-4);
      model.free();
    });

  for (const [name, kind, options] of makes)
    it(`has gradients of pixels and words that equal finite differences, ${name}`, () => {
      const model = smallModel(kind, options);
      const pass = model.pass(model.pixels);
      for (const word of [0, 1]) {
        const {pixels, embeddings} = pass.gradient(word);
        // Along the gradient and a random direction, since rounding hides small changes.
        const towards = (gradient: tf.Tensor, seed: number): tf.Tensor => {
          const size = tf.sqrt(tf.mean(tf.square(gradient)));
          return tf.add(tf.divNoNan(gradient, size), normal(gradient.shape, [3, seed]));
        };
        const [ofPixels, ofWords] = [
          [towards(pixels, 1) as tf.Tensor4D, tf.zerosLike(embeddings)],
          [tf.zerosLike(pixels), towards(embeddings, 2) as tf.Tensor3D],
        ] as [[tf.Tensor4D, tf.Tensor3D], [tf.Tensor4D, tf.Tensor3D]];
        for (const [[p, e], step] of [[ofPixels, 0.1], [ofWords, 0.01]] as const) {
          const at = (sign: number): number =>
            model.scoresAtOnce(
              tf.add(model.pixels, tf.mul(p, sign * step)),
              tf.add<tf.Tensor3D>(model.embeddings, tf.mul(e, sign * step)),
            )[word]!;
          const measured = (at(1) - at(-1)) / (2 * step);
          const expected = tf.add(tf.sum(tf.mul(pixels, p)), tf.sum(tf.mul(embeddings, e))).dataSync()[0]!;
          expect(Math.abs(measured - expected)).to.be.below(0.02 * Math.abs(expected));
        }
      }
      pass.dispose();
      model.free();
    }); // prettier-ignore

  it('computes the same in batches of any size', () => {
    const pixels = tf.tile(smallPixels(), [5, 1, 1, 1]);
    const all = [1, 2, 8].map((batch) => {
      const model = smallModel('attention', {batch});
      const scores = finish(model.scores(pixels));
      const {image} = run(model, 'integrated-gradients', {steps: 5});
      model.free();
      return {scores, image};
    });
    for (const {scores, image} of all) {
      expect(relativeError(scores, all[0]!.scores)).to.be.below(1e-6);
      expect(relativeError(image.values, all[0]!.image.values)).to.be.below(1e-5);
    }
  });

  it('counts the passes', () => {
    const model = smallModel('lstm');
    run(model, 'integrated-gradients', {steps: 20});
    expect([model.forwardPasses, model.backwardPasses]).to.deep.equal([22, 40]);
    model.free();
  });
});

describe('methods', () => {
  for (const name of methodNames)
    for (const kind of ['attention', 'transformer'])
      it(`${name} leaves no tensors, ${kind} decoder of two views`, () => {
        const model = smallModel(kind, {views: 2});
        const work = (): void => {
          try {
            run(model, name);
          } catch (error) {
            // A method that can't explain this decoder says so.
            if (!(error instanceof CaptionerError)) throw error;
            expect(error.message).to.match(/expected a .*, got/);
          }
        };
        work();
        expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
        model.free();
      });

  for (const name of methodNames.filter((one) => one !== 'attention-rollout'))
    it(`${name} gives the same, op by op`, () => {
      const model = smallModel('attention');
      const compiled = run(model, name);
      const plain = eagerly(() => run(model, name));
      expect(relativeError(compiled.image.values, plain.image.values)).to.be.below(1e-4);
      model.free();
    });

  it('say which decoder they need', () => {
    const model = smallModel('lstm');
    expect(() => run(model, 'attention')).to.throw(CaptionerError, 'got lstm');
    expect(() => run(model, 'attention-rollout')).to.throw(CaptionerError, 'expected a transformer');
    const ensemble = smallModel(['attention', 'adaptive']);
    expect(() => run(ensemble, 'lrp')).to.throw(CaptionerError, 'expected a single decoder, got an ensemble');
    expect(() => run(ensemble, 'grad-cam', {block: 'thrid'})).to.throw(
      CaptionerError,
      'Unknown block "thrid"',
    );
    ensemble.free();
    model.free();
  });

  it('attention sums to 1, and rollout to no more', () => {
    const model = smallModel('transformer', {views: 3});
    for (const [name, least] of [['attention', 0.999], ['attention-rollout', 0.1]] as const) {
      const {image} = run(model, name);
      const [words, height, width] = image.shape;
      for (let word = 0; word < words; word++) {
        const own = image.values.slice(word * height * width, (word + 1) * height * width);
        const sum = own.reduce((total, value) => total + value, 0);
        expect(sum).to.be.within(least, 1.001);
      }
    }
    model.free();
  }); // prettier-ignore
});

function smallPixels(): tf.Tensor4D {
  return tf.tensor4d(fixture.image.values, [1, 16, 16, 3]);
}
