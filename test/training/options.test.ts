import {expect} from 'chai';
import {type Schedule, suitedOptions} from 'captioner';
import {changedSettings, scheduled, trainerSettings} from 'captioner/dist/training/options';
import {readFixture} from '../tensors';

describe('Options of a trainer', () => {
  it('have defaults', () => {
    expect(trainerSettings()).to.include({batch: 128, clipNorm: 5, schedule: 'cosine', patience: 0});
  });

  it('are refused with what was expected and what came', () => {
    for (const [options, message] of [
      [{bach: 3}, 'trainer: unknown option `bach`; did you mean `batch`?'],
      [{learningrate: 3}, 'unknown option `learningrate`; did you mean `learningRate`?'],
      [{rate: 3}, 'trainer: `rate` is called `learningRate` now'],
      [{vocabulary: 3}, 'trainer: unknown option `vocabulary`; known: epochs, batch, learningRate, '],
      [{batch: 0}, 'trainer: `batch`: expected an integer from 1 to 65536, got 0'],
      [{learningRate: NaN}, '`learningRate`: expected a number above 0 and up to 10, got NaN'],
      [{learningRate: '0.1'}, 'got "0.1"'],
      [{schedule: 'linear'}, 'expected "cosine", "constant", "step" or "plateau", got "linear"'],
      [{epochs: 1.5}, 'got 1.5'],
      [{decay: 1.1}, '`decay`'],
      [{decayEvery: 0}, '`decayEvery`'],
      [{samples: 1}, '`samples`: expected 2 or more with the baseline `others`'],
    ] as const)
      expect(() => trainerSettings(options))
        .to.throw(message)
        .with.property('code', 'options');
    expect(trainerSettings({samples: 1, baseline: 'greedy'}).samples).to.equal(1);
  });

  it('suit the number of captions and what is to be learnt', () => {
    const photographs = suitedOptions(30_000);
    expect(photographs).to.include({
      epochs: 10,
      batch: 128,
      learningRate: 0.002,
      captionsPerImage: 1,
      warmup: 0,
    });
    expect(suitedOptions(3_000)).to.include({epochs: 16, batch: 32, learningRate: 0.001});
    expect(suitedOptions(30_000, {features: 'grid'})).to.deep.equal({...photographs, learningRate: 0.001});
    expect(suitedOptions(30_000, {tuned: true})).to.include({
      learningRate: 0.001,
      captionsPerImage: 5,
      warmup: 300,
    });
    expect(suitedOptions(30_000, {objective: 'self-critical', features: 'grid', tuned: true})).to.include({
      ...{learningRate: 2e-5, encoderLearningRate: 0, captionsPerImage: 5, warmup: 0, emaDecay: 0.99},
    });
    for (const captions of [1, 30_000]) expect(trainerSettings(suitedOptions(captions)).batch).to.be.above(1);
  });

  it('can be changed under way, but not those that decide the order of the captions', () => {
    const settings = trainerSettings({seed: 3});
    expect(changedSettings(settings, {clipNorm: 1, epochs: 20})).to.deep.equal({
      ...settings,
      clipNorm: 1,
      epochs: 20,
    });
    expect(changedSettings(settings, {seed: 3})).to.deep.equal(settings);
    for (const changes of [{batch: 5}, {seed: 4}, {maximumLength: 5}])
      expect(() => changedSettings(settings, changes))
        .to.throw('decides the order of the captions')
        .with.property('code', 'options');
  });
});

interface ScheduleCase {
  readonly decay: number;
  readonly decayEvery: number;
  readonly scores: readonly number[];
  readonly step: readonly number[];
  readonly plateau: readonly number[];
}

describe('The schedule of the learning rate', () => {
  const settings = trainerSettings();
  const start = {step: 0, total: 100, epoch: 0, judged: []};

  it('goes down along a cosine from the whole to a hundredth', () => {
    const shares = [0, 50, 100, 200].map((step) => scheduled(settings, {...start, step}));
    expect(shares[0]).to.equal(1);
    expect(shares[1]).to.be.closeTo(0.5, 1e-12);
    expect(shares.slice(2)).to.deep.equal([0.01, 0.01]);
  });

  it('grows to the whole while it warms up, then stays there or goes down', () => {
    const share = (schedule: Schedule, step: number, epoch = 0) =>
      scheduled({...settings, schedule, warmup: 10}, {...start, step, total: 110, epoch});
    for (const schedule of ['constant', 'step', 'plateau'] as const)
      expect([0, 4, 9].map((step) => share(schedule, step))).to.deep.equal([0.1, 0.5, 1]);
    expect(share('constant', 100)).to.equal(1);
    expect(share('cosine', 10)).to.equal(1);
    expect(share('cosine', 60)).to.be.closeTo(0.5, 1e-12);
    expect(share('step', 4, 3)).to.be.closeTo(0.5 * 0.8, 1e-12);
  });

  it('grows with the batch, from the unscaled rate, over the warm-up or the first epoch', () => {
    const larger = {...settings, accumulate: 16, schedule: 'constant', epochs: 5} as const;
    const shares = (options: object): number[] =>
      [0, 4, 9, 19, 99].map((step) => scheduled({...larger, ...options}, {...start, step}));
    expect(shares({})).to.deep.equal([1, 1, 1, 1, 1]);
    // An epoch has 20 steps.
    expect(shares({learningRateScaling: 'linear'})).to.deep.equal([1.75, 4.75, 8.5, 16, 16]);
    expect(shares({learningRateScaling: 'square-root'})).to.deep.equal([1.15, 1.75, 2.5, 4, 4]);
    expect(shares({learningRateScaling: 'linear', warmup: 10})).to.deep.equal([2.5, 8.5, 16, 16, 16]);
    const way = scheduled(
      {...larger, schedule: 'cosine', learningRateScaling: 'linear'},
      {...start, step: 60},
    );
    expect(way).to.be.closeTo(8, 1e-12);
  });

  for (const {scores, step, plateau, ...options} of readFixture<ScheduleCase[]>('training', 'schedule.json'))
    it(`falls as PyTorch's StepLR and ReduceLROnPlateau do, to ${options.decay} after ${options.decayEvery}`, () => {
      const judged = scores.map((score, at) => ({best: score > Math.max(-Infinity, ...scores.slice(0, at))}));
      const shares = (schedule: Schedule) =>
        scores.map((_, epoch) =>
          scheduled({...settings, ...options, schedule}, {...start, epoch, judged: judged.slice(0, epoch)}),
        );
      for (const [found, expected] of [
        [shares('step'), step],
        [shares('plateau'), plateau],
      ] as const)
        // prettier-ignore
        for (const [epoch, share] of found.entries())
          expect(share / expected[epoch]!, `epoch ${epoch}`).to.be.closeTo(1, 1e-12);
      expect(plateau).to.not.deep.equal(step);
    });

  it('has plateaus that do not depend on warm-up, steps or epochs that nobody judged', () => {
    const judged = [true, false, false, true, false, false, false, false, false, false].map((best) => ({
      best,
    }));
    const options = {...settings, schedule: 'plateau', decay: 0.5, decayEvery: 2} as const;
    for (const epoch of [0, 100]) expect(scheduled(options, {...start, epoch, judged})).to.equal(0.5 ** 4);
  });
});
