/** A captioning dataset: images, each with captions and a split, independent of the layout it was read from. */

/** The splits of a dataset. */
export const splits = ['train', 'validation', 'test'] as const;
/** The name of a split. */
export type Split = (typeof splits)[number];

/** Names that tables and command lines have for the splits. */
const splitNames: ReadonlyMap<string, Split> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['validation', 'validation'],
  ['val', 'validation'],
  ['valid', 'validation'],
  ['dev', 'validation'],
  ['test', 'test'],
  ['testing', 'test'],
]);

/** Returns the split of a name such as `val` or `Training`; undefined for any other name. */
export function splitNamed(name: string): Split | undefined {
  return splitNames.get(name.trim().toLowerCase());
}

/** An image with its reference captions. */
export interface CaptionedImage {
  /** File name of the image, including subfolders of the dataset; unique in the dataset. */
  readonly id: string;
  /** Absolute path. */
  readonly file: string;
  readonly split: Split;
  /** At least one. */
  readonly captions: readonly string[];
  /** COCO's id of the image, as used by COCO's tools. */
  readonly number?: number;
  /**
   * Lists the claims of a caption that are not true of the image; empty where all are. Undefined where what an image shows is not known,
   * as for photographs.
   */
  readonly verify?: (caption: string) => readonly string[];
}

/** A line of a caption file that was rejected, and the reason. */
export interface Rejection {
  readonly file: string;
  /** Line number from 1; in JSON files, the number of an element: an annotation in COCO's, an image in Karpathy's. */
  readonly line: number;
  readonly reason: string;
}

/** A dataset, in whatever layout it was stored, and what was left out of it. */
export interface Dataset {
  /** Layout of the folder: `scenes`, `flickr8k`, `flickr8k-kaggle`, `coco`, … */
  readonly layout: string;
  readonly folder: string;
  /** Whether an image's captions are true of its mirror image too. @default true */
  readonly mirrorImages?: boolean;
  /** Images in the order of the caption file, the same on every machine. */
  readonly images: readonly CaptionedImage[];
  readonly rejected: readonly Rejection[];
  /** Images that captions name but that are not in the folder. */
  readonly missing: readonly string[];
  /** The same by split. @default unknown */
  readonly missingBySplit?: Readonly<Record<Split, readonly string[]>>;
  /** Columns and fields of the caption files that were not read. @default none */
  readonly unread?: readonly string[];
  /** Images with captions that are left out because the official split files do not name them. */
  readonly unassigned: readonly string[];
  /** Image files that no caption names, relative to the folder. */
  readonly unreferenced: readonly string[];
}
