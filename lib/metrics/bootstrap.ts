/**
 * Confidence intervals and significance tests of scores. The bootstrap (Efron 1979) resamples images; a paired randomization test says
 * whether two runs differ by more than chance (Koehn 2004; Riezler and Maxwell 2005).
 */
import {CaptionerError} from '../errors';
import {throwIfStopped} from '../interrupt';
import {SeededRandom} from '../random/random';
import {corpusScores, type MetricStatistics} from './statistics';

/** Options of `intervals` and `compareScores`. */
export interface BootstrapOptions {
  /** Number of resamples. @default 1000 */
  readonly draws?: number;
  /** Seed of the resampling. @default 1 */
  readonly seed?: number;
  /** Confidence level of the intervals. @default 0.95 */
  readonly level?: number;
}

/** A confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Comparison of two runs; `low` and `high` are the confidence interval of `difference`. */
export interface Comparison extends Interval {
  /** Score of the first run. */
  readonly first: number;
  /** Score of the second run. */
  readonly second: number;
  /** Score of the second run minus that of the first. */
  readonly difference: number;
  /** Two-sided p-value: the probability of a difference at least as large under the null hypothesis that the runs are equal. */
  readonly p: number;
}

/**
 * Computes the percentile bootstrap interval of each score. All metrics share the same resamples; the document frequencies of CIDEr-D
 * stay those of all images.
 *
 * @param metrics Metrics of the same images.
 * @returns Intervals by score name.
 * @throws CaptionerError `stopped`
 */
export function intervals(
  metrics: readonly MetricStatistics[],
  {draws = 1000, seed = 1, level = 0.95}: BootstrapOptions = {},
): Record<string, Interval> {
  const images = metrics[0]?.statistics.length ?? 0;
  const scores = bootstrapScores(metrics, resamples(images, draws, seed));
  return Object.fromEntries([...scores].map(([name, values]) => [name, percentiles(values, level)]));
}

/**
 * Compares the scores of two runs on the same images: a bootstrap interval of the difference, and the p-value of a paired
 * randomization test that swaps the two captions of random images.
 *
 * @returns Comparisons by score name.
 * @throws CaptionerError `mismatch` when the runs differ in number of images or metrics; `stopped`
 */
export function compareScores(
  first: readonly MetricStatistics[],
  second: readonly MetricStatistics[],
  {draws = 1000, seed = 1, level = 0.95}: BootstrapOptions = {},
): Record<string, Comparison> {
  const images = checkSame(first, second);
  const samples = resamples(images, draws, seed);
  const drawn = [first, second].map((run) => bootstrapScores(run, samples));
  const swapped = swappedDifferences(first, second, draws, new SeededRandom(seed, 1));
  const totals = [first, second].map(
    (run) => Object.assign({}, ...run.map(corpusScores)) as Record<string, number>,
  );
  return Object.fromEntries(
    Object.entries(totals[0]!).map(([name, score]) => {
      const other = totals[1]![name]!;
      const differences = drawn[1]!.get(name)!.map((value, at) => value - drawn[0]!.get(name)![at]!);
      const difference = other - score;
      // The tolerance allows for rounding: equal differences may be summed in another order.
      const large = swapped.get(name)!.filter((value) => Math.abs(value) >= Math.abs(difference) - 1e-12);
      const p = (large.length + 1) / (draws + 1);
      return [name, {first: score, second: other, difference, ...percentiles(differences, level), p}];
    }),
  );
}

/**
 * Computes the percentile bootstrap interval of any statistic of images, such as a correlation over all their words.
 *
 * @param images Number of images.
 * @param statistic Computes the statistic of a resample, the numbers of its images; NaN where it has none, which doesn't count.
 * @throws CaptionerError `stopped`
 */
export function intervalOf(
  images: number,
  statistic: (sample: Uint32Array) => number,
  {draws = 1000, seed = 1, level = 0.95}: BootstrapOptions = {},
): Interval {
  const values = resamples(images, draws, seed).map((sample) => {
    throwIfStopped('while resampling scores');
    return statistic(sample);
  });
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? {low: NaN, high: NaN} : percentiles(known, level);
}

/** Draws images with replacement, as many as there are. */
function resamples(images: number, draws: number, seed: number): Uint32Array[] {
  const random = new SeededRandom(seed);
  return Array.from({length: draws}, () => {
    throwIfStopped('while resampling scores');
    return Uint32Array.from({length: images}, () => Math.floor(random.next() * images));
  });
}

function bootstrapScores(
  metrics: readonly MetricStatistics[],
  samples: readonly Uint32Array[],
): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const {names, statistics, scores} of metrics)
    for (const sample of samples) {
      throwIfStopped('while resampling scores');
      const total = new Float64Array(statistics[0]!.length);
      for (const image of sample) add(total, statistics[image]!);
      record(found, names, scores(total, sample.length));
    }
  return found;
}

/** Differences between the two runs after swapping their captions for about half of the images. */
function swappedDifferences(
  first: readonly MetricStatistics[],
  second: readonly MetricStatistics[],
  draws: number,
  random: SeededRandom,
): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const images = first[0]!.statistics.length;
  for (let draw = 0; draw < draws; draw++) {
    throwIfStopped('while comparing scores');
    const swap = Array.from({length: images}, () => random.bernoulli(0.5));
    for (const [at, {names, statistics, scores}] of first.entries()) {
      const others = second[at]!.statistics;
      const [one, two] = [statistics, others].map(() => new Float64Array(statistics[0]!.length));
      for (const [image, swapped] of swap.entries()) {
        add(one!, (swapped ? others : statistics)[image]!);
        add(two!, (swapped ? statistics : others)[image]!);
      }
      const [a, b] = [scores(one!, images), scores(two!, images)];
      record(
        found,
        names,
        b.map((score, k) => score - a[k]!),
      );
    }
  }
  return found;
}

function checkSame(first: readonly MetricStatistics[], second: readonly MetricStatistics[]): number {
  const describe = (run: readonly MetricStatistics[]): string =>
    run.map(({names, statistics}) => `${names.join(', ')} of ${statistics.length} images`).join('; ');
  const [a, b] = [describe(first), describe(second)];
  if (a !== b || a === '')
    throw new CaptionerError(
      'mismatch',
      `Expected two runs with the same metrics and images, got ${a || 'nothing'} and ${b || 'nothing'}`,
    );
  return first[0]!.statistics.length;
}

function add(total: Float64Array, own: Float64Array): void {
  for (let k = 0; k < total.length; k++) total[k]! += own[k]!;
}

function record(found: Map<string, number[]>, names: readonly string[], scores: readonly number[]): void {
  for (const [at, name] of names.entries()) {
    const values = found.get(name);
    if (values) values.push(scores[at]!);
    else found.set(name, [scores[at]!]);
  }
}

function percentiles(values: readonly number[], level: number): Interval {
  const sorted = Float64Array.from(values).sort();
  const at = (fraction: number): number => sorted[Math.round(fraction * (sorted.length - 1))]!;
  return {low: at((1 - level) / 2), high: at((1 + level) / 2)};
}
