import {areaUnderCurve, ranks, spearman} from 'captioner/dist/metrics/ranks';
import {intervalOf} from 'captioner/dist/metrics/bootstrap';
import {expect} from 'chai';

describe('ranks', () => {
  it('of equal values are their mean rank', () => {
    expect([...ranks([3, 1, 3, 2])]).to.deep.equal([3.5, 1, 3.5, 2]);
  });

  it('correlate as SciPy computes it', () => {
    // scipy.stats.spearmanr([1, 5, 2, 8, 8, 3], [2, 7, 1, 6, 9, 2]).statistic
    expect(spearman([1, 5, 2, 8, 8, 3], [2, 7, 1, 6, 9, 2])).to.be.closeTo(0.7941176470588236, 1e-9);
    expect(spearman([1, 2, 3], [9, 5, 1])).to.be.closeTo(-1, 1e-12);
    expect(spearman([1, 2, 3], [5, 5, 5])).to.be.NaN;
  });
});

describe('areaUnderCurve', () => {
  it('is the probability that the first group is higher', () => {
    const [first, second] = [
      [3, 1, 4, 1.5],
      [2, 1, 0],
    ];
    let wins = 0;
    for (const a of first) for (const b of second) wins += a > b ? 1 : a === b ? 0.5 : 0;
    expect(areaUnderCurve(first, second)).to.be.closeTo(wins / 12, 1e-12);
    expect(areaUnderCurve([], [1])).to.be.NaN;
  });
});

describe('intervalOf', () => {
  it('contains the statistic, is wider with fewer images, and ignores resamples without one', () => {
    const values = Array.from({length: 400}, (_, at) => Math.sin(at * 12.9898) * 10);
    const of = (count: number) =>
      intervalOf(count, (sample) => sample.reduce((sum, at) => sum + values[at]!, 0) / sample.length);
    const [many, few] = [of(400), of(40)];
    expect(few.high - few.low).to.be.greaterThan(2 * (many.high - many.low));
    expect(intervalOf(4, (sample) => (sample[0] === 0 ? NaN : 5))).to.deep.equal({low: 5, high: 5});
    expect(intervalOf(4, () => NaN).low).to.be.NaN;
  });
});
