/**
 * Reads the tensors out of a PyTorch weight file (.pth) in the format before 1.6. Such a file is a sequence of pickles,
 * and a pickle is a program; this reader knows the few instructions that build a dictionary of tensors and refuses all
 * others, so that nothing a file says is ever executed.
 */
import {CaptionerError} from '../errors';
import type {TensorData} from '../files/safetensors';

/** A tensor as a window on a storage. */
interface Window {
  readonly storage: string;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const storageTypes = new Map([
  ['torch FloatStorage', {dtype: 'F32', bytes: 4}],
  ['torch LongStorage', {dtype: 'I64', bytes: 8}],
] as const);
type StorageType = 'torch FloatStorage' | 'torch LongStorage';

const magic = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex');

/**
 * @param where The file's name, for messages.
 * @returns The tensors by name, packed row by row.
 * @throws CaptionerError `weights` when this is no such file or holds anything but tensors; `truncated`.
 */
export function parsePth(bytes: Buffer, where: string): Map<string, TensorData> {
  const fail = (message: string): never => {
    throw new CaptionerError('weights', `${where}: ${message}`);
  };
  if (!bytes.subarray(2, 14).equals(magic)) fail('expected a PyTorch weight file in the format before 1.6');
  const pickles = new Unpickler(bytes, where);
  pickles.next(); // the magic number
  if (pickles.next() !== 1001) fail('expected protocol version 1001');
  const system = pickles.next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    fail('expected little-endian numbers');
  const windows = pickles.next();
  const order = pickles.next();
  if (!(windows instanceof Map) || !Array.isArray(order)) return fail('expected a dictionary of tensors');

  const storages = new Map<string, Buffer>();
  let at = pickles.position;
  for (const key of order as string[]) {
    const type = pickles.storages.get(key) ?? fail(`storage ${key} is not used by any tensor`);
    if (at + 8 > bytes.length) throw new CaptionerError('truncated', `${where}: ends before storage ${key}`);
    const end = at + 8 + Number(bytes.readBigInt64LE(at)) * storageTypes.get(type)!.bytes;
    if (end > bytes.length)
      throw new CaptionerError('truncated', `${where}: expected ${end} bytes, got ${bytes.length}`);
    storages.set(key, bytes.subarray(at + 8, end));
    at = end;
  }

  const tensors = new Map<string, TensorData>();
  for (const [name, window] of windows as Map<string, Window>) {
    const storage = storages.get(window?.storage) ?? fail(`"${name}" is not a tensor`);
    const {dtype, bytes: size} = storageTypes.get(pickles.storages.get(window.storage)!)!;
    const data = pack(window, storage, size) ?? fail(`tensor "${name}" reaches beyond its storage`);
    tensors.set(name, {dtype, shape: window.shape, data});
  }
  return tensors;
}

/** The window's numbers one after the other; undefined where it reaches beyond the storage. */
function pack({offset, shape, strides}: Window, storage: Buffer, size: number): Uint8Array | undefined {
  const count = shape.reduce((product, side) => product * side, 1);
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, offset);
  if (!Number.isSafeInteger(count) || count * size > storage.length || (last + 1) * size > storage.length)
    return undefined;
  const packed = new Uint8Array(count * size);
  const index = shape.map(() => 0);
  for (let k = 0, from = offset; k < count; k++) {
    packed.set(storage.subarray(from * size, (from + 1) * size), k * size);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return packed;
}

const mark = Symbol('mark');

/** The instructions of pickle protocol 2 that a dictionary of tensors needs. */
class Unpickler {
  /** The type of each storage that a tensor uses. */
  readonly storages = new Map<string, StorageType>();
  position = 0;
  #stack: unknown[] = [];
  #memo = new Map<number, unknown>();

  constructor(
    readonly bytes: Buffer,
    readonly where: string,
  ) {}

  /** Runs one pickle to its end and returns what it built. */
  next(): unknown {
    this.#stack = [];
    this.#memo = new Map();
    try {
      while (!this.#instruction(this.#byte()));
    } catch (cause) {
      if (cause instanceof RangeError)
        throw new CaptionerError('truncated', `${this.where}: ends too early`, {cause});
      throw cause;
    }
    return this.#stack.pop();
  }

  /** @returns Whether the pickle is over. */
  #instruction(code: number): boolean {
    const stack = this.#stack;
    switch (String.fromCharCode(code)) {
      case '\x80': // protocol
        if (this.#byte() !== 2) this.#refuse('another protocol than 2');
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
        stack.push([]);
        return false;
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
      case '\x8a': // a long integer: only the magic number, which was compared before
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
      case 'c':
        stack.push(`${this.#line()} ${this.#line()}`);
        return false;
      case 'Q':
        stack.push(this.#storage(stack.pop()));
        return false;
      case 'R':
        stack.push(this.#call(stack.splice(-2)));
        return false;
      case 's':
        this.#put(stack.splice(-2));
        return false;
      case 'u':
        this.#put(this.#toMark());
        return false;
      case 'e': {
        const items = this.#toMark();
        (stack.at(-1) as unknown[]).push(...items);
        return false;
      }
      case 'b': // attributes of the dictionary: versions of modules, of no use here
        stack.pop();
        return false;
      default:
        return this.#refuse(`instruction 0x${code.toString(16)}`);
    }
  }

  #call([name, args]: unknown[]): unknown {
    if (name === 'collections OrderedDict') return new Map();
    if (name !== 'torch._utils _rebuild_tensor_v2') return this.#refuse(`a call of ${String(name)}`);
    const [storage, offset, shape, strides] = args as [string, number, number[], number[]];
    const natural = (list: unknown): boolean =>
      Array.isArray(list) && list.every((entry) => Number.isSafeInteger(entry) && (entry as number) >= 0);
    if (!natural([offset]) || !natural(shape) || !natural(strides) || shape.length !== strides.length)
      this.#refuse('a tensor without offset, shape and strides');
    return {storage, offset, shape, strides} satisfies Window;
  }

  #storage(id: unknown): string {
    const [kind, type, key, , , view] = id as [string, string, string, string, number, unknown];
    if (kind !== 'storage' || !storageTypes.has(type as StorageType) || view !== undefined)
      this.#refuse(`a storage of ${String(type)}`);
    this.storages.set(key, type as StorageType);
    return key;
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

  #refuse(what: string): never {
    throw new CaptionerError('weights', `${this.where}: expected nothing but tensors, got ${what}`);
  }
}
