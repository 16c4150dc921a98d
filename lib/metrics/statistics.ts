/**
 * What every metric gives: for each image a few numbers that add up over images, and the scores that follow from a sum. The
 * score of one image, of the whole corpus and of every draw of a bootstrap come from the same function.
 */
import {CaptionerError} from '../errors';

/** A caption as a metric sees it: its tokens. */
export type Words = readonly string[];

/** The statistics of a metric, image by image, from which its scores follow. */
export interface MetricStatistics {
  /** Of the scores, as they are reported: `BLEU-1`, `BLEU-2`, … */
  readonly names: readonly string[];
  /** Of each image: counts, lengths, or simply its score. */
  readonly statistics: readonly Float64Array[];
  /**
   * @param total The sum of the statistics of `images` images, 1 or more.
   * @returns A score for each name.
   */
  readonly scores: (total: Float64Array, images: number) => readonly number[];
}

/**
 * @param candidates One caption for each image.
 * @param references For each image the captions of people, at least one.
 * @throws CaptionerError `captions` when there are none, or not as many of both.
 */
export type Metric = (
  candidates: readonly Words[],
  references: readonly (readonly Words[])[],
) => MetricStatistics;

/** A metric whose score is the mean over images. */
export function mean(name: string, values: readonly number[]): MetricStatistics {
  return {
    names: [name],
    statistics: values.map((value) => Float64Array.of(value)),
    scores: (total, images) => [total[0]! / images],
  };
}

/** The scores of all images together. */
export function corpusScores(measured: MetricStatistics): Record<string, number> {
  const {statistics} = measured;
  return named(measured, measured.scores(sum(statistics), statistics.length));
}

/** The scores of each image alone. */
export function imageScores(measured: MetricStatistics): Record<string, number>[] {
  return measured.statistics.map((own) => named(measured, measured.scores(own, 1)));
}

/** @throws CaptionerError `captions` */
export function checkPairs(candidates: readonly Words[], references: readonly (readonly Words[])[]): void {
  if (candidates.length === 0 || candidates.length !== references.length)
    throw new CaptionerError(
      'captions',
      `Expected captions with a set of references each, got ${candidates.length} captions and ${references.length} sets`,
    );
  const without = references.findIndex((own) => own.length === 0);
  if (without >= 0)
    throw new CaptionerError('captions', `Expected references for caption ${without}, got none`);
}

function named({names}: MetricStatistics, scores: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, at) => [name, scores[at]!]));
}

function sum(statistics: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(statistics[0]!.length);
  for (const own of statistics) for (let k = 0; k < total.length; k++) total[k]! += own[k]!;
  return total;
}
