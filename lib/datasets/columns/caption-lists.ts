/** Captions in many lists that grow alternately, stored as linked lists. */
import {CaptionColumn} from './caption-column';
import {integers} from './column';

export class CaptionLists {
  readonly #captions = new CaptionColumn();
  /** Place of the previous caption in the list of each caption, or -1. */
  readonly #before = integers();

  /** Number of captions in all lists. */
  get length(): number {
    return this.#captions.length;
  }

  /**
   * Appends a caption to a list.
   *
   * @param last Place of the list's last caption, or -1 for a new list.
   * @returns Place of the new caption, which now identifies the list.
   */
  append(caption: string, last: number): number {
    this.#before.push(last);
    return this.#captions.push(caption);
  }

  /** Returns the number of captions of a list. */
  count(last: number): number {
    let length = 0;
    for (let at = last; at >= 0; at = this.#before.at(at)) length++;
    return length;
  }

  /** Returns all captions of a list, in order. */
  list(last: number): string[] {
    let left = this.count(last);
    const texts = new Array<string>(left);
    for (let at = last; at >= 0; at = this.#before.at(at)) texts[--left] = this.#captions.at(at);
    return texts;
  }
}
