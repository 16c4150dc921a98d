/** Strings in bytes: one for each character where all are of Latin-1, else UTF-16, so that every string is read as it was. */
import {Runs} from './runs';

const [latin, wide] = [0, 1];

/** A list of strings that grows, without an object for each. */
export class TextColumn {
  readonly #runs = new Runs<Buffer>((size) => Buffer.alloc(size));

  get length(): number {
    return this.#runs.length;
  }

  /** @returns The string's place. */
  push(text: string): number {
    const isLatin = !/[^\x00-\xff]/.test(text);
    const bytes = this.#runs.append(1 + (isLatin ? text.length : 2 * text.length));
    bytes[0] = isLatin ? latin : wide;
    bytes.write(text, 1, isLatin ? 'latin1' : 'utf16le');
    return this.#runs.length - 1;
  }

  at(at: number): string {
    const bytes = this.#runs.at(at);
    return bytes.toString(bytes[0] === latin ? 'latin1' : 'utf16le', 1);
  }
}
