/** How far the building of a feature store has come, as `onProgress` is told. */

export interface BuildProgress {
  /** Images that could not be read so far. */
  readonly quarantined: number;
  /** Since this run began to encode; 0 before the first. */
  readonly imagesPerSecond: number;
}

/** @param note The progress in words, for who shows it. */
export type OnBuildProgress = (
  done: number,
  total: number,
  note: string | undefined,
  progress: BuildProgress,
) => void | Promise<void>;
