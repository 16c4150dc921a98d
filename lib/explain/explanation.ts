/** The parts of an explanation of a caption. */

/** One map for each word, of one value per pixel, cell or segment of the image as the encoder reads it. */
export interface WordMaps {
  /** Row by row, one map after the other. Positive values support the word, negative ones oppose it. */
  readonly values: Float32Array;
  /** `[words, height, width]` */
  readonly shape: readonly [words: number, height: number, width: number];
}

/** A word of an explained caption. */
export interface ExplainedWord {
  readonly word: string;
  readonly token: number;
  /** Its position in the caption, from 0. */
  readonly position: number;
  /** Its probability, given the image and the words before it. */
  readonly probability: number;
  /** The most probable words at its place, the best first; this word may be one of them. */
  readonly rivals: readonly {readonly word: string; readonly probability: number}[];
  /** The word that it is contrasted with. The values explain the difference of their log-probabilities. */
  readonly against?: string;
}

/** How much each earlier word made each explained word more probable. */
export interface WordInfluence {
  /** Row by row: of each explained word the influence of every word of the caption, 0 for itself and those behind it. */
  readonly values: Float32Array;
  /** `[words, caption]`: explained words, words of the caption. */
  readonly shape: readonly [words: number, caption: number];
}

/** The cost of an explanation. */
export interface ExplanationCost {
  /** Images that were run through the encoder, or captions through the decoder where the encoder had no part. */
  readonly forwardPasses: number;
  /** Images whose gradients were computed. */
  readonly backwardPasses: number;
  readonly seconds: number;
}

/** Why a captioner wrote each word of a caption. */
export interface Explanation {
  /** Name of the method, such as `integrated-gradients`. */
  readonly method: string;
  /** The caption, in words. */
  readonly caption: string;
  /** All words of the caption. */
  readonly captionWords: readonly string[];
  /** The explained words, in their order. */
  readonly words: readonly ExplainedWord[];
  /** How much each part of the image made each word more or less probable. */
  readonly image: WordMaps;
  /**
   * How much each earlier word did: by the method itself, or for methods that hide parts of the image by leaving the word out. Absent if the
   * method can't tell.
   */
  readonly previousWords?: WordInfluence;
  /**
   * Completeness error of each word: the sum of the method's values, less the change of its score from the baseline to the image. Absent if
   * the method promises no completeness.
   */
  readonly delta?: Float32Array;
  readonly cost: ExplanationCost;
}
