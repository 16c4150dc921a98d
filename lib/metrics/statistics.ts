/**
 * The result of every metric: sufficient statistics of each image, which add up over images, and a function from their sum to scores.
 * Scores of single images, of the corpus and of bootstrap resamples all come from this function.
 */
import {CaptionerError} from '../errors';

/** The tokens of a caption. */
export type Words = readonly string[];

/** The statistics of a metric, image by image, from which its scores follow. */
export interface MetricStatistics {
  /** Names of the scores in reports: `BLEU-1`, `BLEU-2`, … */
  readonly names: readonly string[];
  /** Statistics of each image: counts, lengths, or simply its score. */
  readonly statistics: readonly Float64Array[];
  /**
   * Computes the scores.
   *
   * @param total Sum of the statistics of `images` images, 1 or more.
   * @returns A score for each name.
   */
  readonly scores: (total: Float64Array, images: number) => readonly number[];
}

/**
 * A metric.
 *
 * @param candidates Tokens of one caption per image.
 * @param references Tokens of each image's reference captions, at least one.
 * @throws CaptionerError `captions` when there are none, or the numbers of both differ.
 */
export type Metric = (
  candidates: readonly Words[],
  references: readonly (readonly Words[])[],
) => MetricStatistics;

/** Creates the result of a metric whose corpus score is the mean over images. */
export function mean(name: string, values: readonly number[]): MetricStatistics {
  return {
    names: [name],
    statistics: values.map((value) => Float64Array.of(value)),
    scores: (total, images) => [total[0]! / images],
  };
}

/** Returns the corpus scores by name. */
export function corpusScores(metric: MetricStatistics): Record<string, number> {
  const {statistics} = metric;
  return named(metric, metric.scores(sum(statistics), statistics.length));
}

/** Returns the scores of each image by name. */
export function imageScores(metric: MetricStatistics): Record<string, number>[] {
  return metric.statistics.map((own) => named(metric, metric.scores(own, 1)));
}

/** Checks that each caption has references. @throws CaptionerError `captions` */
export function checkPairs(candidates: readonly Words[], references: readonly (readonly Words[])[]): void {
  if (candidates.length === 0 || candidates.length !== references.length)
    throw new CaptionerError(
      'captions',
      `Expected one set of references per caption, got ${candidates.length} captions and ${references.length} sets`,
    );
  const missing = references.findIndex((own) => own.length === 0);
  if (missing >= 0)
    throw new CaptionerError('captions', `Expected references for caption ${missing}, got none`);
}

function named({names}: MetricStatistics, scores: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, at) => [name, scores[at]!]));
}

function sum(statistics: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(statistics[0]!.length);
  for (const own of statistics) for (let k = 0; k < total.length; k++) total[k]! += own[k]!;
  return total;
}
