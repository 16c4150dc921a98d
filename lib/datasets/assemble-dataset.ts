/** Assembles a dataset: groups the captions of one or several files by image and assigns each image its file and split. */
import {createHash} from 'node:crypto';
import {promises as fs} from 'node:fs';
import {CaptionerError} from '../errors';
import {notInFolder, readCaptions, type CaptionLine, type Format} from './formats/read-captions';
import {StringPool} from './formats/string-pool';
import type {CaptionedImage, Dataset, Rejection, Split} from './dataset';
import type {ImageFolders} from './image-folders';
import {nameMissing} from './missing';

/** Called with the number of bytes of the caption files read so far and in total. */
export type OnProgress = (done: number, total: number) => void | Promise<void>;

export interface CaptionSource {
  readonly file: string;
  readonly format: Format;
  /** Split of all images in the file. */
  readonly split?: Split;
  /** Folders of its images, searched before all others. */
  readonly within?: readonly string[];
}

interface Entry {
  readonly id: string;
  /** Absolute path; undefined if there is no such file. */
  readonly file: string | undefined;
  /** Index of the last caption in the pool. */
  last: number;
  split: Split | undefined;
  number: number | undefined;
}

export interface CollectedCaptions {
  /** Images in the order in which captions first name them. */
  readonly entries: readonly Entry[];
  readonly captions: StringPool;
  readonly rejected: readonly Rejection[];
  readonly folders: ImageFolders;
  /** Columns and fields that were not read. */
  readonly unread: readonly string[];
}

/** Reads all captions of the sources, and finds the images that they name. @throws CaptionerError `captions`. */
export async function collectCaptions(
  sources: readonly CaptionSource[],
  folders: ImageFolders,
  onProgress?: OnProgress,
): Promise<CollectedCaptions> {
  const entries = new Entries(folders);
  const rejected: Rejection[] = [];
  const unread = new Set<string>();
  const sizes = await Promise.all(sources.map(({file}) => fs.stat(file).then(({size}) => size)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  for (const [at, {file, format, split, within}] of sources.entries()) {
    // Objects like `{...line, split}` would stay in memory until V8's next major collection.
    const accept = (line: CaptionLine): string | undefined =>
      entries.add(line, split ?? line.split, within ?? line.within);
    const onBytes = onProgress && ((bytes: number) => onProgress(before + bytes, total));
    const found = await readCaptions(file, format, accept, onBytes);
    for (const rejection of found.rejected) rejected.push(rejection);
    for (const name of found.unread) unread.add(name);
    before += sizes[at]!;
  }
  return {entries: entries.all, captions: entries.captions, rejected, folders, unread: [...unread]};
}

/** Images with their captions. An image that has several names, such as `a.jpg` and `images/a.jpg`, has one entry. */
class Entries {
  readonly all: Entry[] = [];
  readonly captions: StringPool = new StringPool();
  /** Entries by name, for each first folder that sources give; '' where they give none. */
  readonly #byFolder = new Map<string, Map<string, Entry>>();
  /** Entries by id, where that is another than the name. */
  readonly #byFile = new Map<string, Entry>();

  constructor(private readonly folders: ImageFolders) {}

  /** Adds a caption. @returns The reason if it was rejected. */
  add(
    {image, caption, number}: CaptionLine,
    split: Split | undefined,
    within: readonly string[] | undefined,
  ): string | undefined {
    const entry = this.#namesIn(within).get(image) ?? this.#find(image, within);
    if (entry === undefined) return notInFolder(image);
    if (split !== undefined && entry.split !== undefined && split !== entry.split)
      return `expected ${image} in one split, got ${split} after ${entry.split}${entry.id === image ? '' : ` of ${entry.id}, which is the same file`}`;
    if (entry.last >= 0 && number !== entry.number)
      return `expected ${image} to have one number, got ${number} after ${entry.number}`;
    entry.number = number;
    entry.split ??= split;
    entry.last = this.captions.append(caption, entry.last);
    return undefined;
  }

  /** Finds the entry of an image that is named for the first time, or makes one; undefined if it lies outside the dataset. */
  #find(image: string, within: readonly string[] | undefined): Entry | undefined {
    if (this.folders.local(image) === undefined) return undefined;
    // A copy: the name is a substring of its line and would keep the line in memory.
    const copy = Buffer.from(image).toString();
    const {id, file} = this.folders.find(copy, within) ?? {id: copy, file: undefined};
    const known = file === undefined ? undefined : (this.#byFile.get(id) ?? this.#namesIn(undefined).get(id));
    const entry = known ?? {id, file, last: -1, split: undefined, number: undefined};
    if (!known) this.all.push(entry);
    this.#namesIn(within).set(copy, entry);
    if (file !== undefined && (id !== image || within !== undefined)) this.#byFile.set(id, entry);
    return entry;
  }

  #namesIn(within: readonly string[] | undefined): Map<string, Entry> {
    const folder = within?.[0] ?? '';
    const known = this.#byFolder.get(folder);
    if (known !== undefined) return known;
    const names = new Map<string, Entry>();
    this.#byFolder.set(folder, names);
    return names;
  }
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
  {entries, captions, rejected, folders, unread}: CollectedCaptions,
  splitOf: (id: string) => Split | undefined = splitByHash,
): Dataset {
  const fail = (message: string): never => {
    throw new CaptionerError('dataset', `${folder}: ${message}`);
  };
  const named = entries.length;
  if (named === 0) return fail('expected captions, found none');
  const images: CaptionedImage[] = [];
  const missingBySplit: Record<Split, string[]> = {train: [], validation: [], test: []};
  const missing: string[] = [];
  const unassigned: string[] = [];
  for (const {id, file, last, split = splitOf(id), number} of entries) {
    if (last < 0) continue;
    if (split === undefined) unassigned.push(id);
    else if (file === undefined) {
      missing.push(id);
      missingBySplit[split].push(id);
    } else if (number === undefined) images.push({id, file, split, captions: captions.list(last)});
    else images.push({id, file, split, captions: captions.list(last), number});
  }
  if (images.length === 0 && missing.length === 0)
    return fail(`expected the split files to name images with captions, found none of ${named}`);
  const unreferenced = folders.unreferenced();
  if (images.length === 0)
    return fail(
      `expected the images that the captions name in ${folders.where}, found none of ${missing.length}: ${nameMissing(missing, {unreferenced})}`,
    );
  return {layout, folder, images, rejected, missing, missingBySplit, unassigned, unreferenced, unread};
}

/** Assigns one image in ten each to validation and test by a hash of its name, so that splits agree on every machine. */
export function splitByHash(id: string): Split {
  const tenth = createHash('sha256').update(id).digest().readUInt32LE(0) % 10;
  return tenth === 0 ? 'validation' : tenth === 1 ? 'test' : 'train';
}
