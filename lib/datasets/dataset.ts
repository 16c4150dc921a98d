/** What a captioning data set is: images with captions and a split each, whatever layout they were read from. */

/** The splits of a data set. */
export const splits = ['train', 'validation', 'test'] as const;
/** The name of a split. */
export type Split = (typeof splits)[number];

/** An image with its reference captions. */
export interface CaptionedImage {
  /** The image's file name, with the folders before it where a data set has them; unique in the data set. */
  readonly id: string;
  /** Absolute path. */
  readonly file: string;
  readonly split: Split;
  /** At least one. */
  readonly captions: readonly string[];
  /** The image's number in COCO, by which COCO's own tools know it. */
  readonly number?: number;
  /**
   * Lists the claims of a caption that are not true of the image; empty where all are. Undefined where what an image shows is not known,
   * as for photographs.
   */
  readonly verify?: (caption: string) => readonly string[];
}

/** A line of a caption file that was not used, and why. */
export interface Rejection {
  readonly file: string;
  /** Counted from 1; a JSON file has elements of a list instead: annotations in COCO's, images in Karpathy's. */
  readonly line: number;
  readonly reason: string;
}

/** A data set, in whatever layout it was stored, and what was left out of it. */
export interface Dataset {
  /** The layout it was read from: `scenes`, `flickr8k`, `flickr8k-kaggle`, `coco`, … */
  readonly layout: string;
  readonly folder: string;
  /** Whether an image's captions are true of its mirror image too. @default true */
  readonly mirrorImages?: boolean;
  /** In the order of the caption file; the same on every machine. */
  readonly images: readonly CaptionedImage[];
  readonly rejected: readonly Rejection[];
  /** Images that captions name and that are not in the folder. */
  readonly missing: readonly string[];
  /** Images with captions that are left out, because the official split files name others only. */
  readonly unassigned: readonly string[];
  /** Image files that no caption names, relative to the folder. */
  readonly unreferenced: readonly string[];
}

/** The images of one split, in the order of the data set. */
export function ofSplit(dataset: Dataset, split: Split): CaptionedImage[] {
  return dataset.images.filter((image) => image.split === split);
}
