/**
 * How far scores can be trusted: the images are one draw of many possible ones. The bootstrap (Efron 1979) draws others from
 * them; a paired test says whether two runs differ by more than chance (Koehn 2004; Riezler and Maxwell 2005).
 */
import {CaptionerError} from '../errors';
import {SeededRandom} from '../random/random';
import {corpusScores, type MetricStatistics} from './statistics';

/** Options of `intervals` and `compareScores`. */
export interface BootstrapOptions {
  /** Times that images are drawn. @default 1000 */
  readonly draws?: number;
  /** Of the draws. @default 1 */
  readonly seed?: number;
  /** Share of draws whose scores lie within the interval. @default 0.95 */
  readonly level?: number;
}

/** A confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Two scores, their difference and its significance. */
export interface Comparison extends Interval {
  readonly first: number;
  readonly second: number;
  /** Of the second from the first; `low` and `high` are its interval. */
  readonly difference: number;
  /** How often chance alone would give a difference as large, in either direction. */
  readonly p: number;
}

/**
 * By name, between which values each score lies (percentiles). All metrics see the same draws; document frequencies of
 * CIDEr-D stay those of all images.
 *
 * @param measured Of the same images.
 */
export function intervals(
  measured: readonly MetricStatistics[],
  {draws = 1000, seed = 1, level = 0.95}: BootstrapOptions = {},
): Record<string, Interval> {
  const images = measured[0]?.statistics.length ?? 0;
  const found = scoresOfDraws(measured, pickings(images, draws, seed));
  return Object.fromEntries([...found].map(([name, values]) => [name, percentiles(values, level)]));
}

/**
 * By name, how the scores of two runs on the same images differ: the interval from drawing images, `p` from exchanging the
 * two captions of images at random.
 *
 * @throws CaptionerError `mismatch` when they are not of as many images, or not of the same metrics.
 */
export function compareScores(
  first: readonly MetricStatistics[],
  second: readonly MetricStatistics[],
  {draws = 1000, seed = 1, level = 0.95}: BootstrapOptions = {},
): Record<string, Comparison> {
  const images = checkSame(first, second);
  const picks = pickings(images, draws, seed);
  const drawn = [first, second].map((run) => scoresOfDraws(run, picks));
  const exchanged = scoresOfExchanges(first, second, draws, new SeededRandom(seed, 1));
  const whole = [first, second].map(
    (run) => Object.assign({}, ...run.map(corpusScores)) as Record<string, number>,
  );
  return Object.fromEntries(
    Object.entries(whole[0]!).map(([name, score]) => {
      const other = whole[1]![name]!;
      const differences = drawn[1]!.get(name)!.map((value, at) => value - drawn[0]!.get(name)![at]!);
      const difference = other - score;
      // A little less, as the same difference comes out of another order of additions.
      const large = exchanged.get(name)!.filter((value) => Math.abs(value) >= Math.abs(difference) - 1e-12);
      const p = (large.length + 1) / (draws + 1);
      return [name, {first: score, second: other, difference, ...percentiles(differences, level), p}];
    }),
  );
}

/** Each draw: as many images as there are, some more than once. */
function pickings(images: number, draws: number, seed: number): Uint32Array[] {
  const dice = new SeededRandom(seed);
  return Array.from({length: draws}, () =>
    Uint32Array.from({length: images}, () => Math.floor(dice.next() * images)),
  );
}

function scoresOfDraws(
  measured: readonly MetricStatistics[],
  picks: readonly Uint32Array[],
): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const {names, statistics, scores} of measured)
    for (const pick of picks) {
      const total = new Float64Array(statistics[0]!.length);
      for (const image of pick) add(total, statistics[image]!);
      record(found, names, scores(total, pick.length));
    }
  return found;
}

/** Differences between two runs whose captions were exchanged for about half of the images. */
function scoresOfExchanges(
  first: readonly MetricStatistics[],
  second: readonly MetricStatistics[],
  draws: number,
  dice: SeededRandom,
): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const images = first[0]!.statistics.length;
  for (let draw = 0; draw < draws; draw++) {
    const swap = Array.from({length: images}, () => dice.uniformFromKey(0.5));
    for (const [at, {names, statistics, scores}] of first.entries()) {
      const others = second[at]!.statistics;
      const [one, two] = [statistics, others].map(() => new Float64Array(statistics[0]!.length));
      for (const [image, exchanged] of swap.entries()) {
        add(one!, (exchanged ? others : statistics)[image]!);
        add(two!, (exchanged ? statistics : others)[image]!);
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
      `Expected two runs scored alike, got ${a || 'nothing'} and ${b || 'nothing'}`,
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
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  return {low: at((1 - level) / 2), high: at((1 + level) / 2)};
}
