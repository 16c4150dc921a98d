/**
 * A safe reader of pickles (Python's object serialization, protocol 2). A pickle is a program for a stack machine. This reader supports
 * only the opcodes that build dictionaries, lists and numbers, passes every call to its owner and rejects all else, so nothing in a
 * file is ever executed.
 */
import {CaptionerError} from '../errors';

const mark = Symbol('mark');

/** Decides what a pickle may build; call `refuse` for all else. */
export interface Builders {
  /** Returns the result of calling the Python function `name`: its module, a space and its own name. */
  readonly call: (name: unknown, args: readonly unknown[], refuse: Refuse) => unknown;
  /** Resolves a persistent id. */
  readonly persistent: (id: readonly unknown[], refuse: Refuse) => unknown;
}

export type Refuse = (what: string) => never;

export class Unpickler {
  /** Offset of the next pickle in bytes. */
  position = 0;
  #stack: unknown[] = [];
  #memo = new Map<number, unknown>();

  constructor(
    readonly bytes: Buffer,
    readonly where: string,
    readonly builders: Builders,
  ) {}

  /**
   * Reads one pickle and returns the object it builds.
   *
   * @throws CaptionerError `weights` for anything but tensors; `truncated`.
   */
  next(): unknown {
    this.#stack = [];
    this.#memo = new Map();
    try {
      while (!this.#execute(this.#byte()));
    } catch (cause) {
      if (cause instanceof RangeError)
        throw new CaptionerError('truncated', `${this.where}: ends too early`, {cause});
      throw cause;
    }
    return this.#stack.pop();
  }

  /** Executes one opcode. @returns Whether the pickle has ended. */
  #execute(code: number): boolean {
    const stack = this.#stack;
    switch (String.fromCharCode(code)) {
      case '\x80': // protocol
        if (this.#byte() !== 2) this.#refuse('a protocol other than 2');
        return false;
      case '.':
        return true;
      case '(':
        stack.push(mark);
        return false;
      case '}':
        stack.push(new Map());
        return false;
      case ']':
      case ')':
        stack.push([]);
        return false;
      case 'N':
        stack.push(undefined);
        return false;
      case '\x88':
        stack.push(true);
        return false;
      case '\x89':
        stack.push(false);
        return false;
      case 'K':
        stack.push(this.#byte());
        return false;
      case 'M':
        stack.push(this.bytes.readUInt16LE(this.#skip(2)));
        return false;
      case 'J':
        stack.push(this.bytes.readInt32LE(this.#skip(4)));
        return false;
      case '\x8a': // a long integer: only the magic number, which was checked already
        this.#skip(this.#byte());
        stack.push(undefined);
        return false;
      case 'X':
        stack.push(this.#text(this.bytes.readUInt32LE(this.#skip(4))));
        return false;
      case 'q':
        this.#memo.set(this.#byte(), stack.at(-1));
        return false;
      case 'r':
        this.#memo.set(this.bytes.readUInt32LE(this.#skip(4)), stack.at(-1));
        return false;
      case 'h':
        stack.push(this.#memo.get(this.#byte()));
        return false;
      case 'j':
        stack.push(this.#memo.get(this.bytes.readUInt32LE(this.#skip(4))));
        return false;
      case 't':
        stack.push(this.#toMark());
        return false;
      case '\x85':
        stack.push(stack.splice(-1));
        return false;
      case '\x86':
        stack.push(stack.splice(-2));
        return false;
      case '\x87':
        stack.push(stack.splice(-3));
        return false;
      case 'c':
        stack.push(`${this.#line()} ${this.#line()}`);
        return false;
      case 'Q':
        stack.push(this.builders.persistent(this.#tuple(stack.pop()), this.#refuse));
        return false;
      case 'R': {
        const [name, args] = stack.splice(-2);
        stack.push(this.builders.call(name, this.#tuple(args), this.#refuse));
        return false;
      }
      case 's':
        this.#put(stack.splice(-2));
        return false;
      case 'u':
        this.#put(this.#toMark());
        return false;
      case 'a': // as Python writes a list of one item
        this.#append(stack.splice(-1));
        return false;
      case 'e':
        this.#append(this.#toMark());
        return false;
      case 'b': // attributes of the dictionary: module versions, not needed
        stack.pop();
        return false;
      default:
        return this.#refuse(`opcode 0x${code.toString(16)}`);
    }
  }

  /** Returns the arguments of a call. */
  #tuple(args: unknown): readonly unknown[] {
    return Array.isArray(args) ? args : this.#refuse('a call without arguments');
  }

  #append(items: readonly unknown[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) return this.#refuse('an item without a list');
    for (const item of items) list.push(item);
  }

  #put(pairs: unknown[]): void {
    const target = this.#stack.at(-1);
    if (!(target instanceof Map)) return this.#refuse('an entry without a dictionary');
    for (let k = 0; k < pairs.length; k += 2) target.set(pairs[k], pairs[k + 1]);
  }

  #toMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) this.#refuse('a list without a beginning');
    return this.#stack.splice(at).slice(1);
  }

  #byte(): number {
    return this.bytes.readUInt8(this.#skip(1));
  }

  #skip(count: number): number {
    this.position += count;
    return this.position - count;
  }

  #text(length: number): string {
    const from = this.#skip(length);
    if (this.position > this.bytes.length) throw new RangeError('text');
    return this.bytes.toString('utf8', from, this.position);
  }

  #line(): string {
    const end = this.bytes.indexOf(10, this.position);
    if (end < 0) throw new RangeError('line');
    const text = this.#text(end - this.position);
    this.position++;
    return text;
  }

  #refuse: Refuse = (what) => {
    throw new CaptionerError('weights', `${this.where}: expected nothing but tensors, got ${what}`);
  };
}
