import {expect} from 'chai';
import {changedSettings, scheduled, trainerSettings} from 'captioner/dist/training/options';

describe('Options of a trainer', () => {
  it('have defaults', () => {
    expect(trainerSettings()).to.include({batch: 128, clip: 5, schedule: 'cosine', patience: 0});
  });

  it('are refused with what was expected and what came', () => {
    for (const [options, message] of [
      [{bach: 3}, 'trainer: unknown option `bach`'],
      [{batch: 0}, '`batch`'],
      [{rate: NaN}, '`rate`'],
      [{rate: '0.1'}, 'got "0.1"'],
      [{schedule: 'linear'}, 'got "linear"'],
      [{epochs: 1.5}, 'got 1.5'],
    ] as const)
      expect(() => trainerSettings(options))
        .to.throw(message)
        .with.property('code', 'options');
  });

  it('can be changed under way, but not those that decide the order of the captions', () => {
    const settings = trainerSettings({seed: 3});
    expect(changedSettings(settings, {clip: 1, epochs: 20})).to.deep.equal({
      ...settings,
      clip: 1,
      epochs: 20,
    });
    expect(changedSettings(settings, {seed: 3})).to.deep.equal(settings);
    for (const changes of [{batch: 5}, {seed: 4}, {maximumLength: 5}])
      expect(() => changedSettings(settings, changes))
        .to.throw('decides the order of the captions')
        .with.property('code', 'options');
  });
});

describe('The schedule of the learning rate', () => {
  it('goes down along a cosine from the whole to a hundredth', () => {
    const shares = [0, 50, 100, 200].map((step) => scheduled({schedule: 'cosine', warmup: 0}, step, 100));
    expect(shares[0]).to.equal(1);
    expect(shares[1]).to.be.closeTo(0.5, 1e-12);
    expect(shares.slice(2)).to.deep.equal([0.01, 0.01]);
  });

  it('grows to the whole while it warms up, then stays there or goes down', () => {
    const share = (schedule: 'constant' | 'cosine', step: number) =>
      scheduled({schedule, warmup: 10}, step, 110);
    expect([0, 4, 9].map((step) => share('constant', step))).to.deep.equal([0.1, 0.5, 1]);
    expect(share('constant', 100)).to.equal(1);
    expect(share('cosine', 10)).to.equal(1);
    expect(share('cosine', 60)).to.be.closeTo(0.5, 1e-12);
  });
});
