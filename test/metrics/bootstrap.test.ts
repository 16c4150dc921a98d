import {CaptionerError, compareScores, intervals} from 'captioner';
import {mean} from 'captioner/dist/metrics/statistics';
import {bleu} from 'captioner/dist/metrics/bleu';
import {SeededRandom} from 'captioner/dist/random/random';
import {expect} from 'chai';

/** An approximately normal sample: sums of twelve uniform numbers. */
function normal(dice: SeededRandom): number {
  return Array.from({length: 12}, () => dice.next()).reduce((sum, one) => sum + one, -6);
}

function sample(seed: number, images: number, shift = 0): number[] {
  const dice = new SeededRandom(seed, 77);
  return Array.from({length: images}, () => shift + normal(dice));
}

describe('intervals', () => {
  it('match the confidence interval of the mean of a normal sample', () => {
    // The mean of 400 values has a standard error of 1/20, so the interval is ± 1.96/20.
    const values = sample(1, 400);
    const average = values.reduce((sum, one) => sum + one, 0) / 400;
    const deviation = Math.sqrt(values.reduce((sum, one) => sum + (one - average) ** 2, 0) / 400);
    const {low, high} = intervals([mean('score', values)])['score']!;
    expect((average - low) / (deviation / 20)).to.be.within(1.7, 2.2);
    expect((high - average) / (deviation / 20)).to.be.within(1.7, 2.2);
  });

  it('cover the true mean at the given level', () => {
    let held = 0;
    for (let seed = 0; seed < 200; seed++) {
      const {low, high} = intervals([mean('score', sample(seed, 60))], {draws: 300, level: 0.9})['score']!;
      if (low <= 0 && high >= 0) held++;
    }
    expect(held).to.be.within(164, 194);
  });

  it('score each resample as a corpus', () => {
    const good = ['a', 'b', 'c', 'd', 'e'];
    const candidates = [good, good, ['x', 'y', 'z', 'u', 'v']];
    const {'BLEU-4': interval} = intervals([bleu(candidates, [[good], [good], [good]])], {level: 0.98});
    expect(interval!.low).to.be.below(1e-3);
    expect(interval!.high).to.be.closeTo(1, 1e-6);
  });

  it('are the same for the same seed', () => {
    const measured = [mean('score', sample(3, 50))];
    expect(intervals(measured, {seed: 4})).to.deep.equal(intervals(measured, {seed: 4}));
    expect(intervals(measured, {seed: 4})).not.to.deep.equal(intervals(measured, {seed: 5}));
  });

  it('are a single point for a single image', () => {
    expect(intervals([mean('score', [3])])).to.deep.equal({score: {low: 3, high: 3}});
  });
});

describe('compareScores', () => {
  it('detects a difference and its size', () => {
    const [first, second] = [sample(5, 300), sample(5, 300)];
    const better = second.map((value, at) => value + 0.2 + 0.1 * sample(6, 300)[at]!);
    const {score} = compareScores([mean('score', first)], [mean('score', better)]);
    expect(score!.difference).to.be.closeTo(0.2, 0.03);
    expect(score!.low).to.be.above(0.15);
    expect(score!.high).to.be.below(0.25);
    expect(score!.p).to.be.below(0.002);
  });

  it('has calibrated p-values: below 0.1 for one in ten pairs of equal runs', () => {
    let below = 0;
    for (let seed = 0; seed < 200; seed++) {
      const [a, b] = [mean('score', sample(seed, 40)), mean('score', sample(seed + 1000, 40))];
      if (compareScores([a], [b], {draws: 200, seed})['score']!.p < 0.1) below++;
    }
    expect(below).to.be.within(8, 34);
  });

  it('finds no difference between a run and itself', () => {
    const run = [mean('score', sample(7, 30))];
    const {score} = compareScores(run, run);
    expect(score).to.include({difference: 0, low: 0, high: 0, p: 1});
  });

  it('rejects runs with different metrics or images', () => {
    const three = [mean('score', [1, 2, 3])];
    for (const other of [[mean('score', [1, 2])], [mean('other', [1, 2, 3])], []])
      expect(() => compareScores(three, other))
        .to.throw(CaptionerError, 'Expected two runs with the same metrics and images')
        .with.property('code', 'mismatch');
  });
});
