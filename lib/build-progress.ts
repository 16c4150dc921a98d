/** Progress of building a feature store, as passed to `onProgress`. */

export interface BuildProgress {
  /** Images that could not be read so far. */
  readonly quarantined: number;
  /** Mean of this run; 0 before the first image. */
  readonly imagesPerSecond: number;
}

/** @param note The progress in words, for display. */
export type OnBuildProgress = (
  done: number,
  total: number,
  note: string | undefined,
  progress: BuildProgress,
) => void | Promise<void>;
