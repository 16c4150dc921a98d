/**
 * Reads and writes the safetensors format: 8 bytes of little-endian header length, a JSON header, one packed buffer. Nothing in a file
 * is ever executed, and everything in its header is checked before use.
 */
import {closeSync, readSync} from 'node:fs';
import {CaptionerError, type ErrorCode} from '../errors';
import {quoteValue} from '../quote-value';
import {fromFloat16Bits, toFloat16Bits} from './float16';
import {openFileSync} from './regular-file';

const byteSizes = {F32: 4, F16: 2, I32: 4, I64: 8, U8: 1} as const;
export type Dtype = keyof typeof byteSizes;

export interface TensorData {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly data: Uint8Array;
}

export interface Safetensors {
  readonly tensors: Map<string, TensorData>;
  readonly metadata: Map<string, string>;
}

const maximumHeader = 100 * 1024 * 1024;
/** Names that no tensor may have. */
const reserved = new Set(['__metadata__', '__proto__']);

/**
 * Parses a file without copying the tensors' data.
 *
 * @param where Name of the file, for messages.
 * @throws CaptionerError `truncated`, `header`, `overlap`, `dtype` or `shape`.
 */
export function parseSafetensors(bytes: Uint8Array, where: string): Safetensors {
  const fail = failIn(where);
  const start = startOf(bytes.subarray(0, 8), bytes.length, fail);
  const buffer = bytes.subarray(start);
  const {entries, metadata} = parseHeader(bytes.subarray(8, start), buffer.length, fail);
  const tensors = new Map<string, TensorData>();
  for (const [name, {dtype, shape, from, to}] of entries)
    tensors.set(name, {dtype, shape, data: buffer.subarray(from, to)});
  return {tensors, metadata};
}

/** A tensor's entry in the header: its type, shape and byte range. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Start of the data, in bytes from the beginning of the file. */
  readonly from: number;
  readonly to: number;
}

/**
 * Reads the header of a file, without its data.
 *
 * @throws CaptionerError as `parseSafetensors`.
 */
export function readSafetensorsHeader(file: string): {
  entries: Map<string, TensorEntry>;
  metadata: Map<string, string>;
} {
  const fail = failIn(file);
  const {
    descriptor: handle,
    stats: {size},
  } = openFileSync(file, {code: 'header', largest: Infinity});
  try {
    const prefix = Buffer.alloc(8);
    readSync(handle, prefix, 0, 8, 0);
    const start = startOf(prefix, size, fail);
    const header = Buffer.alloc(start - 8);
    readSync(handle, header, 0, header.length, 8);
    const {entries, metadata} = parseHeader(header, size - start, fail);
    const moved = [...entries].map(([name, entry]): [string, TensorEntry] => [
      name,
      {...entry, from: entry.from + start, to: entry.to + start},
    ]);
    return {entries: new Map(moved), metadata};
  } finally {
    closeSync(handle);
  }
}

type Fail = (code: ErrorCode, message: string) => never;

function failIn(where: string): Fail {
  return (code, message) => {
    throw new CaptionerError(code, `${where}: ${message}`);
  };
}

/** @returns Offset of the data in the file. */
function startOf(prefix: Uint8Array, size: number, fail: Fail): number {
  if (size < 8) fail('truncated', `expected at least 8 bytes, got ${size}`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maximumHeader))
    fail('header', `expected a header of at most 100 MB, got ${length} bytes`);
  const start = 8 + Number(length);
  if (start > size) fail('truncated', `expected a header of ${length} bytes, got ${size - 8}`);
  return start;
}

interface NamedEntry extends TensorEntry {
  readonly name: string;
}

/** @returns Entries in the order of the header, with offsets relative to the start of the data. */
function parseHeader(
  bytes: Uint8Array,
  dataLength: number,
  fail: Fail,
): {entries: Map<string, TensorEntry>; metadata: Map<string, string>} {
  let text = '';
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', {fatal: true}).decode(bytes);
    header = JSON.parse(text);
  } catch {
    fail('header', 'expected a JSON header');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    fail('header', 'expected a JSON object');
  const fields = Object.entries(header as Record<string, unknown>);
  if (topLevelKeys(text) !== fields.length) fail('header', 'a tensor is named twice');
  const metadata = new Map<string, string>();
  const entries: NamedEntry[] = [];
  for (const [name, value] of fields) {
    if (name === '__proto__') fail('header', 'a tensor may not be named "__proto__"');
    if (name === '__metadata__') {
      if (typeof value !== 'object' || value === null) fail('header', 'expected metadata to be an object');
      for (const [key, entry] of Object.entries(value))
        metadata.set(
          key,
          typeof entry === 'string' ? entry : fail('header', `metadata "${key}" is not a string`),
        );
    } else entries.push(parseEntry(name, value, fail));
  }
  let end = 0;
  for (const {name, from, to} of [...entries].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) fail('overlap', `tensor "${name}" begins at ${from}, expected ${end}`);
    if (to > dataLength) fail('truncated', `tensor "${name}" ends at ${to}, the data at ${dataLength}`);
    end = to;
  }
  if (end !== dataLength) fail('overlap', `expected ${end} bytes of data, got ${dataLength}`);
  return {entries: new Map(entries.map(({name, ...entry}) => [name, entry])), metadata};
}

function parseEntry(name: string, value: unknown, fail: Fail): NamedEntry {
  const {dtype, shape, data_offsets: offsets} = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string' || !Object.hasOwn(byteSizes, dtype))
    return fail(
      'dtype',
      `tensor "${name}": expected ${Object.keys(byteSizes).join(', ')}, got ${quoteValue(dtype)}`,
    );
  // JSON knows -0, which other readers refuse.
  const natural = (list: unknown): list is number[] =>
    Array.isArray(list) &&
    list.every((entry) => Number.isSafeInteger(entry) && (entry as number) >= 0 && !Object.is(entry, -0));
  if (!natural(shape))
    return fail('shape', `tensor "${name}": expected a list of sizes, got ${quoteValue(shape)}`);
  if (!natural(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    return fail('header', `tensor "${name}": expected two offsets, got ${quoteValue(offsets)}`);
  const [from, to] = offsets as [number, number];
  const size = shape.reduce((product, side) => product * side, byteSizes[dtype as Dtype]);
  if (!Number.isSafeInteger(size) || size !== to - from)
    return fail(
      'shape',
      `tensor "${name}": shape [${shape.join(', ')}] needs ${size} bytes, got ${to - from}`,
    );
  return {name, dtype: dtype as Dtype, shape, from, to};
}

/** Counts the keys of the outermost object in the text, since `JSON.parse` drops duplicates. */
function topLevelKeys(text: string): number {
  let depth = 0;
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      while (text[++at] !== '"') if (text[at] === '\\') at++;
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === ':' && depth === 1) keys++;
  }
  return keys;
}

/**
 * Formats a file: tensors in the given order, the start of the data aligned to 8 bytes.
 *
 * @throws CaptionerError `shape` when data don't fit their shape; `header` for a reserved name.
 */
export function formatSafetensors(
  tensors: Iterable<readonly [string, TensorData]>,
  metadata: Iterable<readonly [string, string]> = [],
): Uint8Array {
  const all = [...tensors];
  for (const [name, {dtype, shape, data}] of all) {
    const size = sizeOf({dtype, shape});
    if (size !== data.length)
      throw new CaptionerError(
        'shape',
        `tensor "${name}": [${shape.join(', ')}] needs ${size} bytes, got ${data.length}`,
      );
  }
  return Buffer.concat([safetensorsHeader(all, metadata), ...all.map(([, {data}]) => data)]);
}

/** Returns everything that precedes the data, for callers that write the data piece by piece. */
export function safetensorsHeader(
  tensors: Iterable<readonly [string, Omit<TensorData, 'data'>]>,
  metadata: Iterable<readonly [string, string]> = [],
): Uint8Array {
  const header: [string, unknown][] = [];
  const notes = [...metadata];
  if (notes.length > 0) header.push(['__metadata__', Object.fromEntries(notes)]);
  let end = 0;
  for (const [name, {dtype, shape}] of tensors) {
    if (reserved.has(name)) throw new CaptionerError('header', `a tensor may not be named "${name}"`);
    const size = sizeOf({dtype, shape});
    header.push([name, {dtype, shape, data_offsets: [end, end + size]}]);
    end += size;
  }
  const json = Buffer.from(
    `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
  );
  const padded = Math.ceil(json.length / 8) * 8;
  const head = Buffer.alloc(8 + padded, ' ');
  head.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(head, 8);
  return head;
}

function sizeOf({dtype, shape}: Omit<TensorData, 'data'>): number {
  return shape.reduce((product, side) => product * side, byteSizes[dtype]);
}

/** Wraps numbers as an F32 tensor without copying them. */
export function float32(values: Float32Array, shape: readonly number[]): TensorData {
  return {dtype: 'F32', shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength)};
}

/**
 * Reads a float32 tensor by name and checks its shape.
 *
 * @param where The file's name, for messages.
 * @throws CaptionerError `weights` when there is no such tensor; `shape`, `dtype`.
 */
export function takeTensor(
  tensors: ReadonlyMap<string, TensorData>,
  name: string,
  shape: readonly number[],
  where: string,
): Float32Array {
  const fail = failIn(where);
  const tensor = tensors.get(name) ?? fail('weights', `expected a tensor "${name}", found none`);
  if (tensor.shape.join() !== shape.join())
    fail('shape', `expected "${name}" [${shape.join(', ')}], got [${tensor.shape.join(', ')}]`);
  if (tensor.dtype !== 'F32') fail('dtype', `expected "${name}" as F32, got ${tensor.dtype}`);
  return toFloat32(tensor);
}

/** Rounds numbers to an F16 tensor. */
export function float16(values: Float32Array, shape: readonly number[]): TensorData {
  const bits = toFloat16Bits(values);
  return {dtype: 'F16', shape, data: new Uint8Array(bits.buffer)};
}

/**
 * Returns a copy of the numbers of an F32 or F16 tensor.
 *
 * @throws CaptionerError `dtype` for any other type.
 */
export function toFloat32(tensor: TensorData): Float32Array {
  const copy = new Uint8Array(tensor.data); // `Buffer.slice` would share the memory
  if (tensor.dtype === 'F32') return new Float32Array(copy.buffer);
  if (tensor.dtype === 'F16') return fromFloat16Bits(new Uint16Array(copy.buffer));
  throw new CaptionerError('dtype', `expected F32 or F16, got ${tensor.dtype}`);
}
