/** Captions from one or several files, brought together by image, become a data set: each image with its file and its split. */
import {createHash} from 'node:crypto';
import {stat} from 'node:fs/promises';
import {CaptionerError} from '../errors';
import {readCaptions, type CaptionLine, type Format} from './formats/read-captions';
import {StringPool} from './formats/string-pool';
import type {CaptionedImage, Dataset, Rejection, Split} from './dataset';
import type {ImageFolders} from './image-folders';

/** Hears how many bytes of the caption files have been read, and of how many. */
export type OnProgress = (done: number, total: number) => void | Promise<void>;

export interface CaptionSource {
  readonly file: string;
  readonly format: Format;
  /** Of all its images. */
  readonly split?: Split;
}

interface Entry {
  /** Of the list of its captions. */
  last: number;
  split: Split | undefined;
  readonly number: number | undefined;
}

export interface Gathered {
  /** By image, in the order in which captions name them. */
  readonly entries: Map<string, Entry>;
  readonly captions: StringPool;
  readonly rejected: readonly Rejection[];
}

/** @throws CaptionerError `captions` */
export async function collectCaptions(
  sources: readonly CaptionSource[],
  onProgress?: OnProgress,
): Promise<Gathered> {
  const entries = new Map<string, Entry>();
  const captions = new StringPool();
  const rejected: Rejection[] = [];
  const sizes = await Promise.all(sources.map(({file}) => stat(file).then(({size}) => size)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  for (const [at, {file, format, split}] of sources.entries()) {
    // Not by `{...line, split}`, which V8 would keep until the next great collection.
    const accept = (line: CaptionLine): string | undefined =>
      add({entries, captions}, line, split ?? line.split);
    const onBytes = onProgress && ((bytes: number) => onProgress(before + bytes, total));
    for (const one of await readCaptions(file, format, accept, onBytes)) rejected.push(one);
    before += sizes[at]!;
  }
  return {entries, captions, rejected};
}

/** @returns Why the caption was not added. */
function add(
  {entries, captions}: Pick<Gathered, 'entries' | 'captions'>,
  {image, caption, number}: CaptionLine,
  split: Split | undefined,
): string | undefined {
  const entry = entries.get(image);
  if (!entry) {
    // A copy, since the name is a part of its line, which would stay in memory with it.
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
 * @param splitOf For images whose captions say no split; none leaves the image out.
 * @throws CaptionerError `dataset` when there are no captions, or no images that they name.
 */
export function assembleDataset(
  layout: string,
  folder: string,
  {entries, captions, rejected}: Gathered,
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
      `expected the photographs that the captions name in ${folders.where}, found none of ${missing.length} (first: ${missing[0]})`,
    );
  return {layout, folder, images, rejected, missing, unassigned, unreferenced: folders.unreferenced()};
}

/** One in ten for validation and for test each, by the image's name: the same on every machine. */
function splitByHash(id: string): Split {
  const tenth = createHash('sha256').update(id).digest().readUInt32LE(0) % 10;
  return tenth === 0 ? 'validation' : tenth === 1 ? 'test' : 'train';
}
