/**
 * Texts in many lists that grow by turns. An array each would keep room for more than it holds; a million captions take an eighth
 * less memory as links between them.
 */
const pageSize = 16_384;

export class StringPool {
  readonly #pages: string[][] = [];
  #count = 0;
  /** Of each text, the one before it in its list; -1 where there is none. */
  #before = new Int32Array(pageSize);

  /**
   * @param last The list's last text, -1 for a new list.
   * @returns The text's number, by which the list now goes.
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

  /** All texts of a list, in their order. */
  list(last: number): string[] {
    let length = 0;
    for (let at = last; at >= 0; at = this.#before[at]!) length++;
    const texts = new Array<string>(length);
    for (let at = last; at >= 0; at = this.#before[at]!)
      texts[--length] = this.#pages[Math.floor(at / pageSize)]![at % pageSize]!;
    return texts;
  }
}
