/**
 * Lists of images. That of a usual dataset is an array of objects; that of a dataset with millions of captions makes an image when it is
 * read, from columns, and is an array to its users otherwise.
 */
import {inspect} from 'node:util';
import type {CaptionedImage, Dataset, Split} from './dataset';
import type {ImageTable} from './image-table';

/** Above this number of captions, images aren't held as objects. */
const mostHeld = 1_000_000;

interface Columns {
  readonly table: ImageTable;
  /** Rows of the list's images. */
  readonly rows: Int32Array;
}

/** The columns behind lists that make their images. */
const columns = new WeakMap<object, Columns>();

/**
 * Lists images of a table, each of which has a file, a split and captions.
 *
 * @param rows Their rows.
 * @param most Number of captions in the table above which images are made when they are read. @default 1,000,000
 */
export function listImages(table: ImageTable, rows: Int32Array, most: number = mostHeld): CaptionedImage[] {
  return table.captions.length > most ? lazyList({table, rows}) : Array.from(rows, (row) => table.image(row));
}

/** Keeps the images of a list that pass a test. Of a list in columns, the result is one too. */
export function keepImages(
  images: readonly CaptionedImage[],
  test: (image: CaptionedImage) => boolean,
): CaptionedImage[] {
  const found = columns.get(images);
  if (!found) return images.filter(test);
  const {table, rows} = found;
  return lazyList({table, rows: rows.filter((row) => test(table.lazyImage(row)))});
}

/** Returns the images of a split, in the order of the dataset. */
export function ofSplit({images}: Pick<Dataset, 'images'>, split: Split): CaptionedImage[] {
  const found = columns.get(images);
  if (!found) return images.filter((image) => image.split === split);
  const {table, rows} = found;
  return lazyList({table, rows: rows.filter((row) => table.split(row) === split)});
}

/** Captions one after the other, which may be made as they are read. */
export interface Captions extends Iterable<string> {
  readonly length: number;
}

/** Returns the captions of images, in their order, without an array of them. */
export function captionsOf(images: readonly CaptionedImage[]): Captions {
  return {
    length: countCaptions(images),
    *[Symbol.iterator]() {
      for (const {captions} of images) yield* captions;
    },
  };
}

/** Counts the captions of images. */
export function countCaptions(images: Dataset['images']): number {
  const found = columns.get(images);
  let count = 0;
  if (found) for (const row of found.rows) count += found.table.countCaptions(row);
  else for (const {captions} of images) count += captions.length;
  return count;
}

/** Makes an array whose elements are made when they are read. Nothing can be written to it. */
function lazyList(own: Columns): CaptionedImage[] {
  const {table, rows} = own;
  const array: CaptionedImage[] = [];
  array.length = rows.length;
  // A list is shown by its first images, as a long array is.
  Object.defineProperty(array, inspect.custom, {
    value: () => Array.from(rows.subarray(0, 3), (row) => table.image(row)),
  });
  const list = new Proxy(array, {
    get: (target, key) => {
      const at = indexOf(key);
      if (at === undefined) return Reflect.get(target, key) as unknown;
      return at < rows.length ? table.lazyImage(rows[at]!) : undefined;
    },
    has: (target, key) => {
      const at = indexOf(key);
      return at === undefined ? Reflect.has(target, key) : at < rows.length;
    },
    set: () => false,
    deleteProperty: () => false,
    defineProperty: () => false,
  });
  columns.set(list, own);
  return list;
}

/** The index that a property's name is; undefined for any other name. */
function indexOf(key: string | symbol): number | undefined {
  if (typeof key !== 'string') return undefined;
  const first = key.charCodeAt(0);
  if (!(first >= 48 && first <= 57)) return undefined;
  const at = Number(key);
  return Number.isInteger(at) ? at : undefined;
}
