/**
 * What every metric gives: for each image a few numbers that add up over images, and the scores that follow from a sum. The
 * score of one image, of the whole corpus and of every draw of a bootstrap come from the same function.
 */

/** A caption as a metric sees it: its tokens. */
export type Words = readonly string[];

export interface Measured {
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
 */
export type Metric = (candidates: readonly Words[], references: readonly (readonly Words[])[]) => Measured;
