/** Assembles a dataset: groups the captions of one or several files by image and assigns each image its file and split. */
import {createHash} from 'node:crypto';
import {promises as fs} from 'node:fs';
import {CaptionerError} from '../errors';
import {isAddress, openBytes} from '../files/byte-source';
import {notInFolder, readCaptions, type CaptionLine, type Format} from './formats/read-captions';
import {NameIndex} from './columns/name-index';
import type {Dataset, Rejection, Split} from './dataset';
import {listImages} from './image-list';
import {ImageTable} from './image-table';
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

/** Where the images of a dataset are: folders, or archives. */
export interface ImagePlaces {
  /** The places, for messages. */
  readonly where: string;
  /** Returns a name as the dataset knows it; undefined for one outside of it. */
  local(name: string): string | undefined;
  /** Finds the file of an image, and its id. */
  find(name: string, within?: readonly string[]): {readonly id: string; readonly file: string} | undefined;
  /** Returns images that were not looked up. */
  unreferenced(): string[];
}

export interface CollectedCaptions {
  /** Images in the order in which captions first name them. */
  readonly table: ImageTable;
  readonly rejected: readonly Rejection[];
  readonly folders: ImagePlaces;
  /** Columns and fields that were not read. */
  readonly unread: readonly string[];
}

/** Reads all captions of the sources, and finds the images that they name. @throws CaptionerError `captions`. */
export async function collectCaptions(
  sources: readonly CaptionSource[],
  folders: ImagePlaces,
  onProgress?: OnProgress,
): Promise<CollectedCaptions> {
  const entries = new Entries(folders);
  const rejected: Rejection[] = [];
  const unread = new Set<string>();
  const sizes = await Promise.all(sources.map(({file}) => sizeOf(file)));
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
  return {table: entries.table, rejected, folders, unread: [...unread]};
}

async function sizeOf(file: string): Promise<number> {
  return isAddress(file) ? (await openBytes(file)).size : (await fs.stat(file)).size;
}

/** Images with their captions. An image that has several names, such as `a.jpg` and `images/a.jpg`, has one row. */
class Entries {
  readonly table: ImageTable = new ImageTable();
  /** Rows by id: an image's first name, if sources give no folders. */
  readonly #ids = new NameIndex((row) => this.table.id(row));
  /** Rows by other names, for each first folder that sources give; '' where they give none. */
  readonly #byFolder = new Map<string, Map<string, number>>();
  /** Rows by id, where that is another than the name. */
  readonly #byFile = new Map<string, number>();

  constructor(private readonly folders: ImagePlaces) {}

  /** Adds a caption. @returns The reason if it was rejected. */
  add(
    {image, caption, number}: CaptionLine,
    split: Split | undefined,
    within: readonly string[] | undefined,
  ): string | undefined {
    const {table} = this;
    const row = this.#named(image, within) ?? this.#find(image, within);
    if (row === undefined) return notInFolder(image);
    const before = table.split(row);
    if (split !== undefined && before !== undefined && split !== before) {
      const id = table.id(row);
      return `expected ${image} in one split, got ${split} after ${before}${id === image ? '' : ` of ${id}, which is the same file`}`;
    }
    if (table.hasCaptions(row) && number !== table.number(row))
      return `expected ${image} to have one number, got ${number} after ${table.number(row)}`;
    if (number !== undefined) table.setNumber(row, number);
    if (split !== undefined) table.setSplit(row, split);
    table.addCaption(row, caption);
    return undefined;
  }

  /** Finds the row of an image that is named for the first time, or makes one; undefined if it lies outside the dataset. */
  #find(image: string, within: readonly string[] | undefined): number | undefined {
    if (this.folders.local(image) === undefined) return undefined;
    // A copy: the name is a substring of its line and would keep the line in memory.
    const copy = Buffer.from(image).toString();
    const {id, file} = this.folders.find(copy, within) ?? {id: copy, file: undefined};
    const known = file === undefined ? undefined : (this.#byFile.get(id) ?? this.#named(id, undefined));
    const row = known ?? this.table.add(id, file);
    // The id of a known row is found already.
    if (within === undefined && known === undefined && id === copy) this.#ids.add(id, row);
    else this.#namesIn(within).set(copy, row);
    if (file !== undefined && (id !== image || within !== undefined)) this.#byFile.set(id, row);
    return row;
  }

  #named(image: string, within: readonly string[] | undefined): number | undefined {
    return (
      (within === undefined ? this.#ids.get(image) : undefined) ??
      this.#byFolder.get(within?.[0] ?? '')?.get(image)
    );
  }

  #namesIn(within: readonly string[] | undefined): Map<string, number> {
    const folder = within?.[0] ?? '';
    const known = this.#byFolder.get(folder);
    if (known !== undefined) return known;
    const names = new Map<string, number>();
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
  {table, rejected, folders, unread}: CollectedCaptions,
  splitOf: (id: string) => Split | undefined = splitByHash,
): Dataset {
  const fail = (message: string): never => {
    throw new CaptionerError('dataset', `${folder}: ${message}`);
  };
  const named = table.length;
  if (named === 0) return fail('expected captions, found none');
  const rows = new Int32Array(named);
  let found = 0;
  const missingBySplit: Record<Split, string[]> = {train: [], validation: [], test: []};
  const missing: string[] = [];
  const unassigned: string[] = [];
  for (let row = 0; row < named; row++) {
    if (!table.hasCaptions(row)) continue;
    const split = table.split(row) ?? splitOf(table.id(row));
    if (split === undefined) unassigned.push(table.id(row));
    else if (table.isThere(row)) {
      table.setSplit(row, split);
      rows[found++] = row;
    } else {
      missing.push(table.id(row));
      missingBySplit[split].push(table.id(row));
    }
  }
  const images = listImages(table, rows.slice(0, found));
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
