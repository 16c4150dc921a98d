/** Lists of numbers one after the other in pages of typed arrays, each found by its place: four bytes each, and no object. */
import {integers, type Numbers} from './column';

/** Numbers of a page; a longer list has a page to itself. */
const pageSize = 1 << 20;

/** Many short lists of numbers. */
export class Runs<T extends Exclude<Numbers, Float64Array>> {
  readonly #pages: T[] = [];
  /** Number of the first list of each page. */
  readonly #firsts: number[] = [];
  /** Place of each list in its page. */
  readonly #starts = integers();
  /** Numbers used of the last page. */
  #used = 0;
  /** Numbers used of each page before. */
  readonly #full: number[] = [];
  /** Page that was read last. */
  #page = 0;

  /** @param make Makes a page of a number of zeros. */
  constructor(private readonly make: (size: number) => T) {}

  get length(): number {
    return this.#starts.length;
  }

  /** Appends a list of zeros. @returns Its part of the page, to be filled. */
  append(length: number): T {
    const last = this.#pages.at(-1);
    if (last === undefined || this.#used + length > last.length) {
      if (last !== undefined) this.#full.push(this.#used);
      this.#pages.push(this.make(Math.max(pageSize, length)));
      this.#firsts.push(this.length);
      this.#used = 0;
    }
    this.#starts.push(this.#used);
    this.#used += length;
    return this.#pages.at(-1)!.subarray(this.#used - length, this.#used) as T;
  }

  /** Returns a list, as a view of its page. */
  at(at: number): T {
    const page = this.#pageOf(at);
    const isLast = at + 1 === (this.#firsts[page + 1] ?? this.length);
    const end = isLast ? (this.#full[page] ?? this.#used) : this.#starts.at(at + 1);
    return this.#pages[page]!.subarray(this.#starts.at(at), end) as T;
  }

  #pageOf(at: number): number {
    const firsts = this.#firsts;
    const known = this.#page;
    if (firsts[known]! <= at && at < (firsts[known + 1] ?? Infinity)) return known;
    let [low, high] = [0, firsts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (firsts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return (this.#page = low);
  }
}
