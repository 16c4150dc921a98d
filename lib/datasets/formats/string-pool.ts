/**
 * Strings in many lists that grow alternately, stored as linked lists. Separate arrays would over-allocate; for a million captions, links
 * save an eighth of the memory.
 */
const pageSize = 16_384;

export class StringPool {
  readonly #pages: string[][] = [];
  #count = 0;
  /** Index of the previous string in the list of each string, or -1. */
  #before = new Int32Array(pageSize);

  /**
   * Appends a string to a list.
   *
   * @param last Index of the list's last string, or -1 for a new list.
   * @returns Index of the new string, which now identifies the list.
   */
  append(text: string, last: number): number {
    const at = this.#count++;
    if (at % pageSize === 0) this.#pages.push(new Array<string>(pageSize));
    if (at === this.#before.length) {
      const shorter = this.#before;
      this.#before = new Int32Array(2 * at);
      this.#before.set(shorter);
    }
    this.#pages.at(-1)![at % pageSize] = text;
    this.#before[at] = last;
    return at;
  }

  /** Returns all strings of a list, in order. */
  list(last: number): string[] {
    let length = 0;
    for (let at = last; at >= 0; at = this.#before[at]!) length++;
    const texts = new Array<string>(length);
    for (let at = last; at >= 0; at = this.#before[at]!)
      texts[--length] = this.#pages[Math.floor(at / pageSize)]![at % pageSize]!;
    return texts;
  }
}
