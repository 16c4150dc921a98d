import {
  Captioner,
  CaptionerError,
  type CaptionedImage,
  drawScenes,
  ofSplit,
  openDataset,
  faithfulness,
  findingWrongWords,
  type MeasuredImage,
  type MeasuredMaps,
} from 'captioner';
import {deletionScores} from 'captioner/dist/explain/faithful/deletion';
import {measured} from 'captioner/dist/explain/faithful/faithfulness';
import {boxMask, energyIn, massIn, peakOf, pixelMap} from 'captioner/dist/explain/faithful/map-values';
import {summarize} from 'captioner/dist/explain/faithful/summary';
import {Truth} from 'captioner/dist/explain/faithful/truth';
import {wrongWordSignals} from 'captioner/dist/explain/faithful/wrong-words';
import {expect} from 'chai';
import {join} from 'node:path';
import {projectRoot, temporaryFolder} from '../support';
import {finish, run, smallModel} from './small-captioner';

const size = 16;

describe('deletion and insertion', () => {
  it('prefer what the word depends on to its opposite', () => {
    const model = smallModel('attention');
    const {image} = run(model, 'lime', {cells: 4, samples: 200, alpha: 1e-4});
    const maps = Array.from({length: model.words}, (_, word) => {
      const map = pixelMap(image, word, size);
      return [map, map.map((value) => -value)];
    });
    for (const [good, bad] of finish(deletionScores(model, maps, 8))) {
      expect(good!.deletion).to.be.below(bad!.deletion);
      expect(good!.insertion).to.be.above(bad!.insertion);
    }
    model.free();
  });

  it('are the area under the line of probabilities', () => {
    const model = smallModel('lstm');
    const map = Float32Array.from({length: size * size}, (_, at) => -at);
    const found = finish(deletionScores(model, [[map], []], 2));
    expect(found[1]).to.deep.equal([]);
    const mean = run(model, 'feature-ablation', {cells: 1, baseline: 'mean'}).image.values[0]!;
    const half = run(model, 'occlusion', {window: 16, stride: 16, baseline: 'mean'}).image.values;
    const whole = model.scoresAtOnce(model.pixels)[0]!;
    expect(half.subarray(0, size * size).reduce((sum, value) => sum + value, 0)).to.be.closeTo(mean, 1e-5);
    // The ends are the whole image and the mean colour; between them lies one image.
    const ends = (Math.exp(whole) + Math.exp(whole - mean)) / 4;
    expect(found[0]![0]!.deletion).to.be.within(ends, ends + 0.5);
    model.free();
  });
});

describe('what a map says', () => {
  it('keeps its sum when cells become pixels', () => {
    const values = Float32Array.of(1, -2, 3, 5);
    const map = pixelMap({values, shape: [1, 2, 2]}, 0, 7);
    expect(map.reduce((sum, value) => sum + value, 0)).to.be.closeTo(7, 1e-5);
  });

  it('is inside or outside a box', () => {
    const map = pixelMap({values: Float32Array.of(1, -2, 0, 3), shape: [1, 2, 2]}, 0, 8);
    const right = boxMask([[4, 0, 4, 8]], 8, 8);
    expect(massIn(map, right)).to.be.closeTo(1, 1e-6);
    expect(energyIn(map, right)).to.be.closeTo(0.75, 1e-6);
    const peak = peakOf(map, 8);
    expect([peak % 8, Math.floor(peak / 8)].every((at) => at >= 4)).to.equal(true);
    expect(energyIn(new Float32Array(64), right)).to.equal(0);
  });
});

/** An image with two words, whose maps say `said` of what happens. */
function image(id: number, falls: number[], said: number[], probabilities: [number, number]): MeasuredImage {
  const maps: MeasuredMaps = {
    cost: {forwardPasses: 1, backwardPasses: 2, seconds: 3},
    ...{sums: [1, 2], masses: [2, 2], deletion: [0.25], insertion: [0.5]},
    ...{pointing: [true, null], energy: [0.5, null], said, agreement: {some: 1}},
  };
  const words = probabilities.map((probability, position) => ({
    ...{position, word: 'word', isTrue: position === 0, probability, entropy: 1 - probability},
    ...(position === 0 && ({type: 'noun', kind: 'ball'} as const)),
  }));
  const effects = falls.map((fall, word) => ({word, kind: 'ball', change: 'removed', fall}) as const);
  return {id: String(id), caption: 'word word', words, effects, methods: {some: maps}};
}

describe('the summary of faithfulness', () => {
  const images = [
    image(1, [1, 2], [10, 20], [0.9, 0.1]),
    image(2, [3, 4], [30, 40], [0.8, 0.3]),
    image(3, [5, 6], [50, 70], [0.7, 0.75]),
  ];

  it('ranks effects over all images, and averages the rest over words', () => {
    const [{method, scores, cost}] = summarize(images, {draws: 50}) as [ReturnType<typeof summarize>[0]];
    expect(method).to.equal('some');
    expect(scores.removed?.value).to.be.closeTo(1, 1e-9);
    expect([scores.deletion?.value, scores.pointing?.value, scores.energy?.value]).to.deep.equal([
      0.25, 1, 0.5,
    ]);
    expect([scores.moved, scores.sensitivity]).to.deep.equal([undefined, undefined]);
    expect(cost).to.deep.equal({forwardPasses: 1, backwardPasses: 2, seconds: 3});
  });

  it('says how well each signal finds wrong words', () => {
    const signals = wrongWordSignals(images, {draws: 50});
    const low = signals.find(({signal}) => signal === 'low probability')!;
    // In one of nine pairs the right word is less probable than the wrong one.
    expect([low.area, low.wrong, low.right]).to.deep.equal([8 / 9, 3, 3]);
    expect(signals.map(({signal}) => signal)).to.not.include('high sentinel');
    expect(signals.find(({signal}) => signal === 'much mass: some')!.area).to.equal(0.5);
  });
});

describe('faithfulness', function () {
  let captioner: Captioner;
  let images: readonly CaptionedImage[];
  before(async () => {
    captioner = await Captioner.load(join(projectRoot, 'checkpoints', 'flickr8k'), {views: 1, size: 128});
    const folder = temporaryFolder();
    await drawScenes(folder, {train: 0, validation: 0, test: 12});
    images = ofSplit(await openDataset(folder), 'test');
  });
  after(() => captioner.dispose());

  it('measures methods on scenes, the same in each run', async () => {
    const methods = [{method: 'occlusion', window: 64, stride: 64}, 'saliency'] as const;
    const options = {steps: 3, perturbations: 3, noises: 1, draws: 20, progress: false} as const;
    const measure = () => faithfulness(captioner, images.slice(0, 4), methods, options);
    const [first, second] = [await measure(), await measure()];
    expect(first.methods.map(({method}) => method)).to.deep.equal([
      'occlusion',
      'saliency',
      'random',
      'centre',
    ]);
    for (const {scores} of first.methods)
      for (const name of ['deletion', 'insertion', 'infidelity', 'removed'] as const) {
        const {value, low, high} = scores[name]!;
        expect(value).to.be.within(-1, 1);
        expect(low).to.be.at.most(high);
      }
    expect(first.methods[0]!.cost.forwardPasses).to.equal(5);
    expect(first.methods[1]!.cost.backwardPasses).to.be.greaterThan(0);
    expect(first.methods[0]!.agreement['occlusion']).to.be.closeTo(1, 1e-9);
    const scores = ({methods}: typeof first) => JSON.stringify(methods.map(({scores}) => scores));
    expect(scores(second)).to.equal(scores(first));
  });

  it('finds out that a word depends on the object that was removed', async () => {
    const [found] = (
      await faithfulness(captioner, images, ['attention'], {
        steps: 0,
        perturbations: 0,
        draws: 20,
        progress: false,
      })
    ).images;
    const falls = found!.effects.filter(({change}) => change === 'removed').map(({fall}) => Math.abs(fall));
    expect(Math.max(...falls)).to.be.greaterThan(0.1);
  });

  it('tells wrong words from right ones without any maps', async () => {
    const signals = await findingWrongWords(captioner, images, [], {draws: 20, progress: false});
    expect(signals.map(({signal}) => signal)).to.include.members(['low probability', 'high entropy']);
    const {wrong, right} = signals[0]!;
    // The checkpoint has never seen a drawing.
    expect(wrong).to.be.greaterThan(5);
    expect(wrong + right).to.be.greaterThan(10);
  });

  it('knows of photographs which words people used', () => {
    const photo = {
      id: 'a.jpg',
      file: join(temporaryFolder(), 'a.jpg'),
      split: 'test',
      captions: ['A red dog.', 'Dogs run!'],
    } as const;
    const words = new Truth().wordsOf(photo, ['a', 'red', 'cat', 'runs', 'dogs']);
    expect(words.map(({position, isTrue}) => [position, isTrue])).to.deep.equal([
      [1, true],
      [2, false],
      [3, false],
      [4, true],
    ]);
  });

  it('refuses two methods with the same label', () => {
    expect(() => measured(['saliency', {method: 'saliency', absolute: false}])).to.throw(
      CaptionerError,
      'twice',
    );
    expect(() => measured(['salience' as never])).to.throw(CaptionerError, 'saliency');
  });
});
