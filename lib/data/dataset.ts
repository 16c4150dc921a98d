/** What a captioning data set is: images with captions and a split each, whatever layout they were read from. */
import type {Scene} from './scenes/scene';

export const splits = ['train', 'validation', 'test'] as const;
export type Split = (typeof splits)[number];

export interface CaptionedImage {
  /** The image's file name, unique in the data set. */
  readonly id: string;
  /** Absolute path. */
  readonly file: string;
  readonly split: Split;
  /** At least one. */
  readonly captions: readonly string[];
  /** What was drawn, where the data set is drawn. */
  readonly scene?: Scene;
}

/** A line of a caption file that was not used, and why. */
export interface Rejection {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
}

export interface Dataset {
  /** The layout it was read from: `scenes`, `flickr8k`, `flickr8k-kaggle`, … */
  readonly layout: string;
  readonly folder: string;
  /** In the order of the caption file; the same on every machine. */
  readonly images: readonly CaptionedImage[];
  readonly rejected: readonly Rejection[];
  /** Images that captions name and that are not in the folder. */
  readonly missing: readonly string[];
}

export function ofSplit(dataset: Dataset, split: Split): CaptionedImage[] {
  return dataset.images.filter((image) => image.split === split);
}
