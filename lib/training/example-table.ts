/**
 * Captions to train on in columns: two bytes for each word, and nine for each caption. Ten million captions of eleven words take 310 MB.
 */
import {integers, smallIntegers} from '../datasets/columns/column';
import {Runs} from '../datasets/columns/runs';

/** A caption to train on. */
export interface Example {
  /** The image. */
  readonly id: string;
  /** Word ids, without start and end. */
  readonly tokens: readonly number[];
  /** Whether the caption is complete; a truncated one has no end token as a target. @default true */
  readonly finished?: boolean;
}

/** Captions to train on, in their order. */
export class ExampleTable {
  readonly #tokens: Runs<Uint16Array | Int32Array>;
  /** Number of the image of each caption. */
  readonly #images = integers();
  readonly #finished = smallIntegers();
  #cut = 0;

  /**
   * @param idOf Returns the id of the image with a number.
   * @param largest The largest word id.
   */
  constructor(
    private readonly idOf: (image: number) => string,
    largest: number,
  ) {
    this.#tokens = new Runs<Uint16Array | Int32Array>((size) =>
      largest < 0x10000 ? new Uint16Array(size) : new Int32Array(size),
    );
  }

  /** Makes a table of examples. */
  static of(examples: readonly Example[]): ExampleTable {
    const numbers = new Map<string, number>();
    const ids: string[] = [];
    let largest = 0;
    for (const {tokens} of examples) for (const token of tokens) largest = Math.max(largest, token);
    const table = new ExampleTable((image) => ids[image]!, largest);
    for (const {id, tokens, finished} of examples) {
      const known = numbers.get(id);
      const image = known ?? ids.push(id) - 1;
      if (known === undefined) numbers.set(id, image);
      table.push(image, tokens, finished);
    }
    return table;
  }

  get length(): number {
    return this.#images.length;
  }
  /** Number of captions that are cut off. */
  get cut(): number {
    return this.#cut;
  }

  push(image: number, tokens: readonly number[], finished: boolean = true): void {
    this.#images.push(image);
    this.#finished.push(finished ? 1 : 0);
    this.#tokens.append(tokens.length).set(tokens);
    if (!finished) this.#cut++;
  }

  /** Returns the number of a caption's image. */
  image(at: number): number {
    return this.#images.at(at);
  }
  /** Returns the id of a caption's image. */
  id(at: number): string {
    return this.idOf(this.image(at));
  }
  tokens(at: number): Uint16Array | Int32Array {
    return this.#tokens.at(at);
  }
  isFinished(at: number): boolean {
    return this.#finished.at(at) === 1;
  }

  /** Returns the first captions. */
  first(count: number): ExampleTable {
    if (count >= this.length) return this;
    const table = new ExampleTable(this.idOf, 0x10000);
    for (let at = 0; at < count; at++) table.push(this.image(at), [...this.tokens(at)], this.isFinished(at));
    return table;
  }

  /** Iterates over the words of each caption. */
  *[Symbol.iterator](): Generator<Uint16Array | Int32Array> {
    for (let at = 0; at < this.length; at++) yield this.tokens(at);
  }
}
