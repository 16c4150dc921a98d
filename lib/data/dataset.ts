/** What a captioning data set is: images with captions and a split each, whatever layout they were read from. */
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {home, userPath} from '../places';
import {isFlickr8k, isKaggleFlickr8k, readFlickr8k, readKaggleFlickr8k} from './flickr8k';
import {drawScenes, readScenes, type Scene} from './scenes';

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

/** The layouts that are recognised, in the order in which they are tried. A new one is one more line. */
const layouts: readonly {
  name: string;
  found: (folder: string) => boolean;
  read: (folder: string) => Dataset;
}[] = [
  {
    name: 'drawn scenes (scenes.json)',
    found: (folder) => existsSync(join(folder, 'scenes.json')),
    read: readScenes,
  },
  {name: 'Flickr8k (Flickr8k.token.txt)', found: isFlickr8k, read: readFlickr8k},
  {name: 'Flickr8k as Kaggle has it (captions.txt)', found: isKaggleFlickr8k, read: readKaggleFlickr8k},
];

/**
 * Finds out which layout lies in a folder and reads it.
 *
 * @param folder A folder, relative to where the command was given; or `scenes`: the drawn scenes, drawn where they are
 *   not there yet.
 * @throws CaptionerError `not-found`, `dataset` (no known layout, no images) or `captions`.
 */
export async function openDataset(folder: string): Promise<Dataset> {
  if (folder === 'scenes' && !existsSync(userPath(folder))) {
    const scenes = join(home(), 'data', 'scenes');
    await drawScenes(scenes);
    return readScenes(scenes);
  }
  const path = userPath(folder);
  if (!existsSync(path)) throw new CaptionerError('not-found', `${path}: expected a folder, found nothing`);
  const layout = layouts.find(({found}) => found(path));
  if (layout) return layout.read(path);
  if (!statSync(path).isDirectory())
    throw new CaptionerError('dataset', `${path}: expected a folder, found a file`);
  const names = readdirSync(path).sort();
  const inside =
    names.length === 0
      ? 'an empty folder'
      : `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
  throw new CaptionerError(
    'dataset',
    `${path}: expected ${layouts.map(({name}) => name).join(', or ')}; found ${inside}`,
  );
}

export function ofSplit(dataset: Dataset, split: Split): CaptionedImage[] {
  return dataset.images.filter((image) => image.split === split);
}
