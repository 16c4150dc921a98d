/**
 * Image features on disk, so that the CNN runs once per image, ever. A store belongs to one encoder, its weights and its
 * preprocessing; it holds half precision numbers in shards, an index that says where each image lies and what its bytes
 * were, and the reason for each image that could not be read. Shards appear whole, so a killed run loses at most one.
 */
import {existsSync, promises as fs, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Encoder, Preprocessing} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {sha256, writeFileAtomic} from '../files/atomic';
import {float16, formatSafetensors, parseSafetensors, toFloat32} from '../files/safetensors';
import {tf} from '../runtime/native';
import {readPixels} from './images';

export type FeatureKind = 'pooled' | 'grid';

interface StoredImage {
  readonly id: string;
  readonly shard: number;
  readonly row: number;
  /** SHA-256 of the image file. */
  readonly sha256: string;
}

interface Index {
  readonly version: 1;
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  readonly kind: FeatureKind;
  readonly cells: number;
  readonly depth: number;
  readonly images: readonly StoredImage[];
}

export interface BuildOptions {
  /** Default `pooled`. */
  readonly kind?: FeatureKind;
  /** Images that the network sees at once. @default 16 */
  readonly batch?: number;
  /** Images in a shard: what a killed run may lose. @default 256 */
  readonly shard?: number;
  readonly onProgress?: (done: number, total: number, note?: string) => void | Promise<void>;
}

/** An image to encode: what a data set's images have. */
export interface ImageFile {
  readonly id: string;
  readonly file: string;
}

const indexName = 'index.json';
const quarantineName = 'quarantine.json';

export class FeatureStore {
  readonly #rows: ReadonlyMap<string, StoredImage>;
  readonly #shards = new Map<number, Float32Array>();

  private constructor(
    readonly folder: string,
    private readonly index: Index,
    /** Images that could not be read, and why. */
    readonly quarantined: ReadonlyMap<string, string>,
  ) {
    this.#rows = new Map(index.images.map((image) => [image.id, image]));
  }

  get encoder(): {readonly name: string; readonly digest: string} {
    return this.index.encoder;
  }
  get preprocessing(): Preprocessing {
    return this.index.preprocessing;
  }
  get kind(): FeatureKind {
    return this.index.kind;
  }
  get cells(): number {
    return this.index.cells;
  }
  get depth(): number {
    return this.index.depth;
  }
  get size(): number {
    return this.#rows.size;
  }
  has(id: string): boolean {
    return this.#rows.has(id);
  }

  /** @throws CaptionerError `not-found`, `header` or `version`. */
  static open(folder: string): FeatureStore {
    const index = readIndex(folder);
    if (index === undefined)
      throw new CaptionerError('not-found', `${folder}: expected a feature store (${indexName}), found none`);
    return new FeatureStore(folder, index, readQuarantine(folder));
  }

  /**
   * Encodes the images that the store does not have yet, or whose bytes changed, and opens it. With nothing to do the
   * network is not run at all.
   *
   * @throws CaptionerError `mismatch` when the folder holds features of another encoder or kind; `no-space`.
   */
  static async build(
    encoder: Encoder,
    images: readonly ImageFile[],
    folder: string,
    {kind = 'pooled', batch = 16, shard = 256, onProgress}: BuildOptions = {},
  ): Promise<FeatureStore> {
    const cells = kind === 'pooled' ? 1 : encoder.cells;
    const head = {
      version: 1,
      encoder: {name: encoder.name, digest: encoder.digest},
      preprocessing: encoder.preprocessing,
      kind,
      cells,
      depth: encoder.depth,
    } as const;
    await fs.mkdir(folder, {recursive: true});
    const before = readIndex(folder);
    if (before) checkSame(folder, before, head);
    const stored = new Map((before?.images ?? []).map((image) => [image.id, image]));
    const quarantine = new Map<string, string>();

    const todo: (ImageFile & {sha256: string})[] = [];
    for (const {id, file} of images) {
      const digest = await fs.readFile(file).then(sha256, () => '');
      if (stored.get(id)?.sha256 !== digest) todo.push({id, file, sha256: digest});
    }
    let done = images.length - todo.length;
    await onProgress?.(done, images.length);

    let next = 1 + Math.max(-1, ...[...stored.values()].map((image) => image.shard));
    for (let from = 0; from < todo.length; from += shard) {
      const part = todo.slice(from, from + shard);
      const read: (typeof part)[number][] = [];
      const values = new Float32Array(part.length * cells * encoder.depth);
      const decoded = decodeAhead(part, encoder.preprocessing, batch);
      for await (const {good, pixels, bad} of decoded) {
        for (const [id, reason] of bad) quarantine.set(id, reason);
        if (good.length > 0) {
          values.set(await encodeBatch(encoder, pixels, kind), read.length * cells * encoder.depth);
          read.push(...good);
        }
        done += good.length + bad.length;
        await onProgress?.(done, images.length, quarantine.size > 0 ? `${quarantine.size} unreadable` : undefined);
      }
      if (read.length === 0) continue;
      const shape = kind === 'pooled' ? [read.length, encoder.depth] : [read.length, cells, encoder.depth];
      const tensor = float16(values.subarray(0, read.length * cells * encoder.depth), shape);
      await writeFileAtomic(join(folder, shardName(next)), formatSafetensors([[kind, tensor]]));
      for (const [row, {id, sha256: digest}] of read.entries()) stored.set(id, {id, shard: next, row, sha256: digest});
      next++;
      await writeIndex(folder, {...head, images: [...stored.values()]});
    }
    if (before === undefined && stored.size === 0) await writeIndex(folder, {...head, images: []});
    await writeFileAtomic(
      join(folder, quarantineName),
      `${JSON.stringify(Object.fromEntries(quarantine), undefined, 2)}\n`,
    );
    return FeatureStore.open(folder);
  }

  /**
   * @param ids Images of the store, in any order, also repeated.
   * @returns float32 `[batch, depth]` or `[batch, cells, depth]`. The caller disposes it.
   * @throws CaptionerError `not-found` for an image that the store does not have.
   */
  read(ids: readonly string[]): tf.Tensor {
    const {cells, depth, kind} = this.index;
    const size = cells * depth;
    const values = new Float32Array(ids.length * size);
    for (const [at, id] of ids.entries()) {
      const image = this.#rows.get(id);
      if (image === undefined)
        throw new CaptionerError('not-found', `${this.folder}: expected features of ${id}, found none`);
      const rows = this.#shard(image.shard);
      values.set(rows.subarray(image.row * size, (image.row + 1) * size), at * size);
    }
    return tf.tensor(values, kind === 'pooled' ? [ids.length, depth] : [ids.length, cells, depth]);
  }

  /** Pooled features fit into memory; of grids the last few shards are kept. */
  #shard(number: number): Float32Array {
    const known = this.#shards.get(number);
    if (known) return known;
    const file = join(this.folder, shardName(number));
    const tensor = parseSafetensors(readFileSync(file), file).tensors.get(this.kind);
    const rows = this.index.images.filter(({shard}) => shard === number).length;
    if (tensor === undefined || tensor.shape.at(-1) !== this.depth || tensor.shape[0]! < rows)
      throw new CaptionerError('shape', `${file}: expected "${this.kind}" of ${rows} images, depth ${this.depth}`);
    const values = toFloat32(tensor);
    if (this.kind === 'grid' && this.#shards.size >= 8) this.#shards.delete(this.#shards.keys().next().value!);
    this.#shards.set(number, values);
    return values;
  }
}

const shardName = (number: number): string => `shard-${String(number).padStart(5, '0')}.safetensors`;

interface Decoded<T> {
  readonly good: readonly T[];
  readonly pixels: readonly Uint8Array[];
  readonly bad: readonly (readonly [id: string, reason: string])[];
}

/** Two batches are being decoded on sharp's threads while the network, which blocks this one, works on a third. */
async function* decodeAhead<T extends ImageFile>(
  images: readonly T[],
  preprocessing: Preprocessing,
  size: number,
): AsyncGenerator<Decoded<T>> {
  const decode = async (from: number): Promise<Decoded<T>> => {
    const group = images.slice(from, from + size);
    const results = await Promise.allSettled(group.map(({file}) => readPixels(file, preprocessing)));
    const good: T[] = [];
    const pixels: Uint8Array[] = [];
    const bad: (readonly [string, string])[] = [];
    for (const [at, result] of results.entries()) {
      const image = group[at]!;
      if (result.status === 'fulfilled') {
        good.push(image);
        pixels.push(result.value);
      } else bad.push([image.id, result.reason instanceof Error ? result.reason.message : String(result.reason)]);
    }
    return {good, pixels, bad};
  };
  const ahead: Promise<Decoded<T>>[] = [];
  for (let from = 0; from < images.length || ahead.length > 0; from += size) {
    if (from < images.length) ahead.push(decode(from));
    if (ahead.length > 2 || from + size >= images.length) {
      const first = ahead.shift();
      if (first) yield await first;
    }
  }
}

async function encodeBatch(encoder: Encoder, pictures: readonly Uint8Array[], kind: FeatureKind): Promise<Float32Array> {
  const {size} = encoder.preprocessing;
  const all = new Int32Array(pictures.length * size * size * 3);
  for (const [at, picture] of pictures.entries()) all.set(picture, at * size * size * 3);
  const pixels = tf.tensor4d(all, [pictures.length, size, size, 3], 'int32');
  const features = encoder.encode(pixels);
  const values = await features[kind].data<'float32'>();
  tf.dispose([pixels, features.grid, features.pooled]);
  return values;
}

function readIndex(folder: string): Index | undefined {
  const file = join(folder, indexName);
  if (!existsSync(file)) return undefined;
  let index: Partial<Index>;
  try {
    index = JSON.parse(readFileSync(file, 'utf8')) as Partial<Index>;
  } catch (cause) {
    throw new CaptionerError('header', `${file}: expected JSON`, {cause});
  }
  if (index.version !== 1)
    throw new CaptionerError('version', `${file}: expected format version 1, got ${String(index.version)}`);
  return index as Index;
}

async function writeIndex(folder: string, index: Index): Promise<void> {
  await writeFileAtomic(join(folder, indexName), JSON.stringify(index));
}

function readQuarantine(folder: string): Map<string, string> {
  const file = join(folder, quarantineName);
  if (!existsSync(file)) return new Map();
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>));
}

function checkSame(folder: string, found: Index, wanted: Omit<Index, 'images'>): void {
  for (const key of ['encoder', 'preprocessing', 'kind', 'cells', 'depth'] as const) {
    const [got, expected] = [JSON.stringify(found[key]), JSON.stringify(wanted[key])];
    if (got !== expected)
      throw new CaptionerError('mismatch', `${folder}: expected features of ${key} ${expected}, got ${got}; use another folder`);
  }
}
