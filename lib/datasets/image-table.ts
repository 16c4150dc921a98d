/** The images of a dataset and their captions in columns: about 40 bytes for an image, and 30 for a caption of average length. */
import {CaptionLists} from './columns/caption-lists';
import {Column, integers, smallIntegers} from './columns/column';
import {TextColumn} from './columns/text-column';
import {splits, type CaptionedImage, type Split} from './dataset';

/** Prefixes of files that are none. */
const [missing, other] = [-1, -2];

/** Images in rows, which are numbered in the order in which they are added. */
export class ImageTable {
  readonly captions: CaptionLists = new CaptionLists();
  readonly #ids = new TextColumn();
  /** Number of the folder before an id in the path of its file. */
  readonly #folders = integers();
  readonly #folderNames: string[] = [];
  readonly #folderNumbers = new Map<string, number>();
  /** Files that aren't a folder with an id. */
  readonly #others = new Map<number, string>();
  /** Place of each image's last caption, or -1. */
  readonly #last = integers();
  /** Number of the split from 1, or 0. */
  readonly #splits = smallIntegers();
  /** COCO's ids; no column where no image has one. */
  #numbers: Column | undefined;

  get length(): number {
    return this.#ids.length;
  }

  /** @param file Absolute path; undefined if there is no such file. @returns The image's row. */
  add(id: string, file: string | undefined): number {
    const row = this.#ids.push(id);
    this.#last.push(-1);
    this.#splits.push(0);
    this.#numbers?.push(NaN);
    if (file === undefined) this.#folders.push(missing);
    else if (file.endsWith(id)) this.#folders.push(this.#folder(file.slice(0, -id.length)));
    else {
      this.#folders.push(other);
      this.#others.set(row, file);
    }
    return row;
  }

  addCaption(row: number, caption: string): void {
    this.#last.set(row, this.captions.append(caption, this.#last.at(row)));
  }

  id(row: number): string {
    return this.#ids.at(row);
  }

  /** Whether an image has a file. */
  isThere(row: number): boolean {
    return this.#folders.at(row) !== missing;
  }

  file(row: number): string | undefined {
    const folder = this.#folders.at(row);
    if (folder === missing) return undefined;
    return folder === other ? this.#others.get(row) : this.#folderNames[folder]! + this.id(row);
  }

  captionsOf(row: number): string[] {
    return this.captions.list(this.#last.at(row));
  }

  hasCaptions(row: number): boolean {
    return this.#last.at(row) >= 0;
  }

  countCaptions(row: number): number {
    return this.captions.count(this.#last.at(row));
  }

  split(row: number): Split | undefined {
    return splits[this.#splits.at(row) - 1];
  }

  setSplit(row: number, split: Split): void {
    this.#splits.set(row, 1 + splits.indexOf(split));
  }

  number(row: number): number | undefined {
    const found = this.#numbers?.at(row);
    return found === undefined || Number.isNaN(found) ? undefined : found;
  }

  setNumber(row: number, number: number): void {
    if (!this.#numbers) {
      this.#numbers = new Column((size) => new Float64Array(size));
      for (let at = 0; at < this.length; at++) this.#numbers.push(NaN);
    }
    this.#numbers.set(row, number);
  }

  /** Returns the image of a row that has a file and a split, with its captions. */
  image(row: number): CaptionedImage {
    const number = this.number(row);
    const image = {id: this.id(row), file: this.file(row)!, split: this.split(row)!};
    const captions = this.captionsOf(row);
    return number === undefined ? {...image, captions} : {...image, captions, number};
  }

  /** Returns the same, but makes its captions when they are read. */
  lazyImage(row: number): CaptionedImage {
    const captionsOf = (): readonly string[] => this.captionsOf(row);
    const number = this.number(row);
    return {
      id: this.id(row),
      file: this.file(row)!,
      split: this.split(row)!,
      get captions() {
        return captionsOf();
      },
      ...(number !== undefined && {number}),
    };
  }

  #folder(name: string): number {
    const known = this.#folderNumbers.get(name);
    if (known !== undefined) return known;
    this.#folderNumbers.set(name, this.#folderNames.length);
    return this.#folderNames.push(name) - 1;
  }
}
