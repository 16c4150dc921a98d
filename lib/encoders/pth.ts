/**
 * Reads PyTorch weight files (.pth). Since version 1.6 they are ZIP archives with a pickle of the state dict and a file for each storage;
 * before, they were a sequence of pickles, one of which holds the state dict, followed by the raw storages. Only the calls that rebuild tensors are supported; all others are rejected, never executed.
 */
import {CaptionerError} from '../errors';
import type {TensorData} from '../files/safetensors';
import {readZip} from '../files/unzip';
import {Unpickler, type Builders, type Refuse} from './pickle';

/** A tensor as a strided view of a storage. */
interface StridedView {
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

const zip = Buffer.from('PK\x03\x04', 'latin1');

/** Whether a file has PyTorch's format since 1.6, which is that of any ZIP archive. */
export function isZip(bytes: Buffer): boolean {
  return bytes.subarray(0, zip.length).equals(zip);
}

/** Whether a file has PyTorch's format before 1.6. */
export function isPth(bytes: Buffer): boolean {
  return bytes.subarray(2, 14).equals(magic);
}

/**
 * Parses a weight file in the format since 1.6.
 *
 * @param where The file's name, for messages.
 * @returns Tensors by name, contiguous and row-major.
 * @throws CaptionerError `weights` when the archive holds anything but tensors; `archive` when it is damaged; `truncated`.
 */
export async function parseZippedPth(bytes: Buffer, where: string): Promise<Map<string, TensorData>> {
  const fail = failIn(where);
  const files = await readZip(bytes, where);
  const pickle = [...files.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) return fail(`expected a PyTorch weight file, got a ZIP archive without data.pkl`);
  const folder = pickle.slice(0, -'data.pkl'.length);
  if ((files.get(`${folder}byteorder`)?.toString('utf8') ?? 'little') !== 'little')
    fail('expected little-endian numbers');
  const types = new Map<string, StorageType>();
  const stateDict = new Unpickler(files.get(pickle)!, where, buildersOf(types)).next();
  const storages = new Map<string, Buffer>();
  for (const key of types.keys()) {
    const storage = files.get(`${folder}data/${key}`);
    if (storage) storages.set(key, storage);
  }
  return tensorsOf(stateDict, types, storages, fail);
}

/**
 * Parses a weight file in the format before 1.6.
 *
 * @param where The file's name, for messages.
 * @returns Tensors by name, contiguous and row-major.
 * @throws CaptionerError `weights` when the file has another format or holds anything but tensors; `truncated`.
 */
export function parsePth(bytes: Buffer, where: string): Map<string, TensorData> {
  const fail = failIn(where);
  if (!isPth(bytes)) fail('expected a PyTorch weight file in the format before 1.6');
  /** Types of the storages that tensors use, by key. */
  const types = new Map<string, StorageType>();
  const pickles = new Unpickler(bytes, where, buildersOf(types));
  pickles.next(); // the magic number
  if (pickles.next() !== 1001) fail('expected protocol version 1001');
  const system = pickles.next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    fail('expected little-endian numbers');
  const stateDict = pickles.next();
  const keys = pickles.next();
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string'))
    return fail('expected the names of storages');

  const storages = new Map<string, Buffer>();
  let at = pickles.position;
  for (const key of keys) {
    const type = types.get(key) ?? fail(`storage ${key} is not used by any tensor`);
    if (at + 8 > bytes.length) throw new CaptionerError('truncated', `${where}: ends before storage ${key}`);
    const end = at + 8 + Number(bytes.readBigUInt64LE(at)) * storageTypes.get(type)!.bytes;
    if (end > bytes.length)
      throw new CaptionerError('truncated', `${where}: expected ${end} bytes, got ${bytes.length}`);
    storages.set(key, bytes.subarray(at + 8, end));
    at = end;
  }
  return tensorsOf(stateDict, types, storages, fail);
}

type Fail = (message: string) => never;

function failIn(where: string): Fail {
  return (message) => {
    throw new CaptionerError('weights', `${where}: ${message}`);
  };
}

/** @param types Filled with the types of the storages that tensors use, by key. */
function buildersOf(types: Map<string, StorageType>): Builders {
  const persistent = (id: readonly unknown[], refuse: Refuse): string => {
    const [key, type] = storageOf(id, refuse);
    types.set(key, type);
    return key;
  };
  return {call, persistent};
}

/** Returns the tensors of a state dict. */
function tensorsOf(
  stateDict: unknown,
  types: ReadonlyMap<string, StorageType>,
  storages: ReadonlyMap<string, Buffer>,
  fail: Fail,
): Map<string, TensorData> {
  if (!(stateDict instanceof Map)) return fail('expected a dictionary of tensors');
  const tensors = new Map<string, TensorData>();
  for (const [name, view] of stateDict as Map<unknown, StridedView>) {
    if (typeof name !== 'string') return fail('expected names of tensors, got something else');
    const storage =
      storages.get(view?.storage) ??
      fail(
        types.has(view?.storage)
          ? `expected the numbers of "${name}", found none`
          : `"${name}" is not a tensor`,
      );
    const {dtype, bytes: size} = storageTypes.get(types.get(view.storage)!)!;
    const data = toContiguous(view, storage, size) ?? fail(`tensor "${name}" reaches beyond its storage`);
    tensors.set(name, {dtype, shape: view.shape, data});
  }
  return tensors;
}

/** Copies a strided view to contiguous memory; undefined if it reaches beyond the storage. */
function toContiguous(
  {offset, shape, strides}: StridedView,
  storage: Buffer,
  size: number,
): Uint8Array | undefined {
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

function call(name: unknown, args: readonly unknown[], refuse: Refuse): unknown {
  // A parameter is its tensor, and whether it has a gradient.
  if (name === 'torch._utils _rebuild_parameter') return args[0];
  if (name === 'collections OrderedDict') return new Map();
  if (name !== 'torch._utils _rebuild_tensor_v2')
    return refuse(`a call of ${typeof name === 'string' ? name : 'something without a name'}`);
  const [storage, offset, shape, strides] = args as [string, number, number[], number[]];
  const natural = (list: unknown): boolean =>
    Array.isArray(list) && list.every((entry) => Number.isSafeInteger(entry) && (entry as number) >= 0);
  if (!natural([offset]) || !natural(shape) || !natural(strides) || shape.length !== strides.length)
    return refuse('a tensor without offset, shape and strides');
  return {storage, offset, shape, strides};
}

function storageOf(id: readonly unknown[], refuse: Refuse): [key: string, type: StorageType] {
  const [kind, type, key, , , view] = id as [string, StorageType, string, string, number, unknown];
  if (kind !== 'storage' || !storageTypes.has(type) || typeof key !== 'string' || view !== undefined)
    return refuse(`a storage of ${typeof type === 'string' ? type : 'something without a name'}`);
  return [key, type];
}
