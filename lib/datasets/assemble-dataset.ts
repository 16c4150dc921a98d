/** Assembles a dataset: groups the captions of one or several files by image and assigns each image its file and split. */
import {createHash} from 'node:crypto';
import {stat} from 'node:fs/promises';
import {CaptionerError} from '../errors';
import {readCaptions, type CaptionLine, type Format} from './formats/read-captions';
import {StringPool} from './formats/string-pool';
import type {CaptionedImage, Dataset, Rejection, Split} from './dataset';
import type {ImageFolders} from './image-folders';

/** Called with the number of bytes of the caption files read so far and in total. */
export type OnProgress = (done: number, total: number) => void | Promise<void>;

export interface CaptionSource {
  readonly file: string;
  readonly format: Format;
  /** Split of all images in the file. */
  readonly split?: Split;
}

interface Entry {
  /** Index of the last caption in the pool. */
  last: number;
  split: Split | undefined;
  readonly number: number | undefined;
}

export interface CollectedCaptions {
  /** Entries by image, in the order in which captions first name them. */
  readonly entries: Map<string, Entry>;
  readonly captions: StringPool;
  readonly rejected: readonly Rejection[];
}

/** Reads all captions of the sources. @throws CaptionerError `captions`. */
export async function collectCaptions(
  sources: readonly CaptionSource[],
  onProgress?: OnProgress,
): Promise<CollectedCaptions> {
  const entries = new Map<string, Entry>();
  const captions = new StringPool();
  const rejected: Rejection[] = [];
  const sizes = await Promise.all(sources.map(({file}) => stat(file).then(({size}) => size)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  for (const [at, {file, format, split}] of sources.entries()) {
    // Objects like `{...line, split}` would stay in memory until V8's next major collection.
    const accept = (line: CaptionLine): string | undefined =>
      add({entries, captions}, line, split ?? line.split);
    const onBytes = onProgress && ((bytes: number) => onProgress(before + bytes, total));
    for (const rejection of await readCaptions(file, format, accept, onBytes)) rejected.push(rejection);
    before += sizes[at]!;
  }
  return {entries, captions, rejected};
}

/** Adds a caption. @returns The reason if it was rejected. */
function add(
  {entries, captions}: Pick<CollectedCaptions, 'entries' | 'captions'>,
  {image, caption, number}: CaptionLine,
  split: Split | undefined,
): string | undefined {
  const entry = entries.get(image);
  if (!entry) {
    // A copy: the name is a substring of its line and would keep the line in memory.
    entries.set(Buffer.from(image).toString(), {last: captions.append(caption, -1), split, number});
    return undefined;
  }
  if (split !== undefined && entry.split !== undefined && split !== entry.split)
    return `expected ${image} in one split, got ${split} after ${entry.split}`;
  if (number !== entry.number)
    return `expected ${image} to have one number, got ${number} after ${entry.number}`;
  entry.split ??= split;
  entry.last = captions.append(caption, entry.last);
  return undefined;
}

/**
 * Assembles a dataset.
 *
 * @param splitOf Returns the split of images whose captions have none; images for which it returns undefined are left out.
 * @throws CaptionerError `dataset` if there are no captions or none of the images that they name.
 */
export function assembleDataset(
  layout: string,
  folder: string,
  {entries, captions, rejected}: CollectedCaptions,
  folders: ImageFolders,
  splitOf: (id: string) => Split | undefined = splitByHash,
): Dataset {
  const fail = (message: string): never => {
    throw new CaptionerError('dataset', `${folder}: ${message}`);
  };
  const named = entries.size;
  if (named === 0) return fail('expected captions, found none');
  const images: CaptionedImage[] = [];
  const missing: string[] = [];
  const unassigned: string[] = [];
  for (const [id, {last, split = splitOf(id), number}] of entries) {
    const file = folders.find(id);
    if (split === undefined) unassigned.push(id);
    else if (file === undefined) missing.push(id);
    else if (number === undefined) images.push({id, file, split, captions: captions.list(last)});
    else images.push({id, file, split, captions: captions.list(last), number});
  }
  if (images.length === 0 && missing.length === 0)
    return fail(`expected the split files to name images with captions, found none of ${named}`);
  if (images.length === 0)
    return fail(
      `expected the images that the captions name in ${folders.where}, found none of ${missing.length} (first: ${missing[0]})`,
    );
  return {layout, folder, images, rejected, missing, unassigned, unreferenced: folders.unreferenced()};
}

/** Assigns one image in ten each to validation and test by a hash of its name, so that splits agree on every machine. */
function splitByHash(id: string): Split {
  const tenth = createHash('sha256').update(id).digest().readUInt32LE(0) % 10;
  return tenth === 0 ? 'validation' : tenth === 1 ? 'test' : 'train';
}
