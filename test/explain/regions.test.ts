import {expect} from 'chai';
import {tf, type Attribution, methods} from 'captioner';
import type {CaptionModel} from 'captioner/dist/explain/caption-model';
import {boxMask, massIn, pixelMap} from 'captioner/dist/explain/faithful/map-values';
import {infidelity, maximumSensitivity} from 'captioner/dist/explain/faithful/infidelity';
import {kernelShapOf} from 'captioner/dist/explain/methods/kernel-shap';
import {limeOf} from 'captioner/dist/explain/methods/lime';
import {shapleyOf} from 'captioner/dist/explain/methods/shapley-value-sampling';
import {leaked, readFixture, type Reference, relativeError} from '../tensors';
import {finish, kinds, run, smallModel} from './small-captioner';

interface RegionFixture {
  readonly cells: number;
  readonly orders: number[][];
  readonly shown: Reference;
  readonly squares: Reference;
  readonly noisy: Reference;
  readonly found: Record<string, Record<string, Reference>>;
}

const regions: RegionFixture = readFixture('explain-regions', 'captum.json');
const {cells} = regions;
/** Relative to the largest value. */
const tolerance = 1e-4;
const settings = {regions: 'cells', cells, segments: 50, baseline: 'mean'} as const;
const size = 16;
const window = 6;

/** Our call for each of the fixture's results. */
const calls: Record<string, (model: CaptionModel) => Attribution> = {
  'feature-ablation': (model) => run(model, 'feature-ablation', settings),
  'occlusion': (model) => run(model, 'occlusion', {window, stride: 3, baseline: 'mean'}),
  'shapley-value-sampling': (model) =>
    finish(
      shapleyOf(model, {...settings, samples: 3, seed: 1}, (at) => Int32Array.from(regions.orders[at]!)),
    ),
  'kernel-shap': (model) =>
    finish(
      kernelShapOf(model, {...settings, samples: 60, seed: 1}, () => Float32Array.from(regions.shown.values)),
    ),
  'lime': (model) =>
    finish(
      limeOf(model, {...settings, samples: 60, seed: 1, alpha: 3e-4, kernelWidth: 0.5}, () =>
        Float32Array.from(regions.shown.values),
      ),
    ),
};

const perturbing = ['occlusion', 'feature-ablation', 'shapley-value-sampling', 'kernel-shap', 'lime', 'rise'];
const few = (name: string): object => ({
  baseline: 'mean',
  ...(name !== 'occlusion' && name !== 'feature-ablation' && {samples: 20}),
  ...(name !== 'occlusion' && {cells: 3}),
  ...(name === 'lime' && {alpha: 1e-4}),
});

describe('methods that hide regions', () => {
  for (const kind of kinds)
    for (const [name, call] of Object.entries(calls))
      it(`find what Captum finds: ${name}, ${kind} decoder`, () => {
        const model = smallModel(kind, {batch: 7});
        const {values} = call(model).image;
        // Captum gives a pixel the value of its window; ours is spread over the window's pixels.
        const area = name === 'occlusion' ? window * window : 1;
        const expected = regions.found[kind]![name]!;
        expect(
          relativeError(
            values.map((value) => value * area),
            expected.values,
          ),
        ).to.be.below(tolerance);
        model.free();
      });

  it('sum to the change of the score from nothing to the image: Shapley values and kernel SHAP', () => {
    for (const name of ['shapley-value-sampling', 'kernel-shap'])
      for (const options of [{cells: 3}, {regions: 'superpixels', segments: 9}]) {
        const model = smallModel('attention');
        const {image, delta} = run(model, name, {...options, samples: 40, baseline: 'black'});
        const scores = [tf.zerosLike(model.pixels), model.pixels].map((pixels) => model.scoresAtOnce(pixels));
        for (let word = 0; word < model.words; word++) {
          const map = pixelMap(image, word, size);
          const sum = map.reduce((all, value) => all + value, 0);
          const change = scores[1]![word]! - scores[0]![word]!;
          expect(Math.abs(sum - change), name).to.be.below(1e-3 * Math.abs(change));
          expect(Math.abs(delta![word]!), name).to.be.below(1e-3 * Math.abs(change));
        }
        model.free();
      }
  });

  for (const name of perturbing) {
    it(`give the same values in batches of any size: ${name}`, () => {
      const maps = [1, 4, 64].map((batch) => {
        const model = smallModel('lstm', {batch});
        const {values} = run(model, name, few(name)).image;
        model.free();
        return values;
      });
      expect(relativeError(maps[0]!, maps[1]!)).to.be.below(1e-4);
      expect(relativeError(maps[2]!, maps[1]!)).to.be.below(1e-4);
    });

    it(`run as many images as they say, and keep no tensor: ${name}`, () => {
      const model = smallModel('attention');
      run(model, name, few(name)); // compiles
      const {forwardPasses} = model;
      const method = methods.get(name)!;
      const settings = method.options.schema.parse(few(name));
      expect(leaked(() => void finish(method.compute(model, settings)))).to.deep.equal({
        tensors: 0,
        native: 0,
      });
      const passes = model.forwardPasses - forwardPasses;
      // The usual window of 5 of 16 pixels moves by 3 pixels.
      expect(passes).to.equal(name === 'occlusion' ? 26 : method.passes(model.words, settings));
      model.free();
    });
  }
});

describe('infidelity and sensitivity equal those of Captum', () => {
  const masks = Array.from({length: 6}, (_, at) =>
    Uint8Array.from(regions.squares.values.slice(at * size * size, (at + 1) * size * size)),
  );

  for (const kind of kinds)
    it(`${kind} decoder`, () => {
      const model = smallModel(kind);
      const saliency = run(model, 'saliency', {absolute: false}).image;
      // The images with each square in the mean colour.
      const hidden = tf.tidy(() => {
        const mask = tf.tensor4d(regions.squares.values, [6, size, size, 1]);
        const mean = tf.mean(model.pixels, [1, 2], true);
        return tf.add<tf.Tensor4D>(model.pixels, tf.mul(mask, tf.sub(mean, model.pixels)));
      });
      const [whole, scores] = [model.scoresAtOnce(model.pixels), model.scoresAtOnce(hidden)];
      hidden.dispose();
      const noisy = [0, 1, 2].map((at) => {
        const pixels = regions.noisy.values.slice(at * size * size * 3, (at + 1) * size * size * 3);
        const other = smallModel(kind, {pixels} as object);
        const maps = run(other, 'saliency', {absolute: false}).image;
        other.free();
        return maps;
      });
      const expected = regions.found[kind]!;
      for (let word = 0; word < model.words; word++) {
        const map = pixelMap(saliency, word, size);
        const said = masks.map((mask) => massIn(map, mask));
        const falls = masks.map((_, at) => whole[word]! - scores[at * model.words + word]!);
        const close = (got: number, name: string): void =>
          void expect(Math.abs(got / expected[name]!.values[word]! - 1), name).to.be.below(1e-3);
        close(infidelity(said, falls), 'infidelity');
        close(infidelity(said, falls, {normalize: true}), 'infidelity normalized');
        close(
          maximumSensitivity(
            map,
            noisy.map((one) => pixelMap(one, word, size)),
          ),
          'sensitivity',
        );
      }
      model.free();
    });

  it('is zero for a map that says exactly what happens', () => {
    expect(infidelity([1, -2, 3], [1, -2, 3])).to.equal(0);
    expect(infidelity([2, -4, 6], [1, -2, 3], {normalize: true})).to.be.below(1e-12);
    expect(infidelity([2, -4, 6], [1, -2, 3])).to.equal(14 / 3);
    expect(boxMask([[0, 0, 8, 8]], 16, 4).reduce((sum, one) => sum + one, 0)).to.equal(4);
  });
});
