/** Numbers in pages of typed arrays, so that a column of millions grows without copies and without an object for each number. */

/** Typed arrays that pages may be. */
export type Numbers = Uint8Array | Uint16Array | Int32Array | Float64Array;

const pageBits = 16;
const pageSize = 1 << pageBits;

/** A list of numbers that grows. */
export class Column {
  readonly #pages: Numbers[] = [];
  #length = 0;

  /** @param make Makes a page of a number of zeros. */
  constructor(private readonly make: (size: number) => Numbers) {}

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const at = this.#length++;
    if (at % pageSize === 0) this.#pages.push(this.make(pageSize));
    this.#pages[at >>> pageBits]![at % pageSize] = value;
  }

  at(at: number): number {
    return this.#pages[at >>> pageBits]![at % pageSize]!;
  }

  set(at: number, value: number): void {
    this.#pages[at >>> pageBits]![at % pageSize] = value;
  }
}

/** A column of integers of 32 bits. */
export function integers(): Column {
  return new Column((size) => new Int32Array(size));
}

/** A column of integers from 0 to 255. */
export function smallIntegers(): Column {
  return new Column((size) => new Uint8Array(size));
}
