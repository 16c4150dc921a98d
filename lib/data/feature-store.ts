/**
 * Image features on disk, so that the CNN runs once per image, ever. A store belongs to one encoder, its weights and its
 * preprocessing; it holds half precision numbers in shards, an index that says where each image lies and what its bytes
 * were, and the reason for each image that could not be read. Here it is read; `feature-builder.ts` fills it.
 */
import {closeSync, openSync, readFileSync, readSync} from 'node:fs';
import {join} from 'node:path';
import type {Encoder, Preprocessing} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {sha256} from '../files/atomic';
import {fromFloat16Bits, parseSafetensors, toFloat32} from '../files/safetensors';
import {tf} from '../runtime/native';
import type {ImageFile} from './decode-ahead';
import {buildFeatures, type BuildOptions} from './feature-builder';
import {readIndex, readQuarantine, type FeatureKind, type Index, type StoredImage} from './feature-index';

export class FeatureStore {
  readonly #images: ReadonlyMap<string, StoredImage>;
  /** Pooled features fit into memory: a shard is read whole, once. */
  readonly #pooled = new Map<number, Float32Array>();
  /** Grids don't: of a shard that was checked, only where its numbers begin in the file is kept. */
  readonly #grids = new Map<number, number>();

  private constructor(
    readonly folder: string,
    private readonly index: Index,
    /** Images that could not be read, and why. */
    readonly quarantined: ReadonlyMap<string, string>,
  ) {
    this.#images = new Map(index.images.map((image) => [image.id, image]));
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
  /** Images that have features. */
  get size(): number {
    return this.#images.size;
  }
  has(id: string): boolean {
    return this.#images.has(id);
  }

  /** @throws CaptionerError `not-found`, `header` or `version`. */
  static open(folder: string): FeatureStore {
    const index = readIndex(folder);
    if (index === undefined)
      throw new CaptionerError('not-found', `${folder}: expected a feature store (index.json), found none`);
    return new FeatureStore(folder, index, readQuarantine(folder));
  }

  /**
   * Encodes the images that the store does not have yet, or whose bytes changed, and opens it. With nothing to do the
   * network is not run at all. A run that is stopped loses at most the shard it was working on.
   *
   * @param source A data set, or some of its images.
   * @throws CaptionerError `mismatch` when the folder holds features of another encoder or kind; `locked` while another
   *   process fills it; `image` when not a single image can be read; `options`, `no-space`.
   */
  static async build(
    encoder: Encoder,
    source: readonly ImageFile[] | {readonly images: readonly ImageFile[]},
    folder: string,
    options: BuildOptions = {},
  ): Promise<FeatureStore> {
    await buildFeatures(encoder, 'images' in source ? source.images : source, folder, options);
    return FeatureStore.open(folder);
  }

  /**
   * @param ids Images of the store, in any order, also repeated.
   * @returns float32 `[batch, depth]` or `[batch, cells, depth]`. The caller disposes it.
   * @throws CaptionerError `not-found` for an image that the store does not have; `checksum`, `truncated` for a shard
   *   that was damaged.
   */
  read(ids: readonly string[]): tf.Tensor {
    const {cells, depth, kind} = this.index;
    const values = new Float32Array(ids.length * cells * depth);
    const wanted = new Map<number, {at: number; row: number}[]>();
    for (const [at, id] of ids.entries()) {
      const image = this.#images.get(id);
      if (image === undefined) throw new CaptionerError('not-found', this.#noFeatures(id));
      const list = wanted.get(image.shard);
      if (list) list.push({at, row: image.row});
      else wanted.set(image.shard, [{at, row: image.row}]);
    }
    for (const [shard, rows] of wanted) {
      if (kind === 'pooled') this.#readPooled(shard, rows, values);
      else this.#readGrids(shard, rows, values);
    }
    return tf.tensor(values, kind === 'pooled' ? [ids.length, depth] : [ids.length, cells, depth]);
  }

  #readPooled(shard: number, rows: readonly {at: number; row: number}[], values: Float32Array): void {
    const {depth} = this.index;
    let all = this.#pooled.get(shard);
    if (all === undefined) {
      all = toFloat32(this.#verified(shard).tensor);
      this.#pooled.set(shard, all);
    }
    for (const {at, row} of rows) values.set(all.subarray(row * depth, (row + 1) * depth), at * depth);
  }

  #readGrids(shard: number, rows: readonly {at: number; row: number}[], values: Float32Array): void {
    const size = this.index.cells * this.index.depth;
    let offset = this.#grids.get(shard);
    if (offset === undefined) {
      offset = this.#verified(shard).offset;
      this.#grids.set(shard, offset);
    }
    const file = join(this.folder, this.index.shards[shard]!.file);
    const handle = openSync(file, 'r');
    try {
      const halves = new Uint16Array(size);
      for (const {at, row} of rows) {
        if (readSync(handle, halves, 0, size * 2, offset + row * size * 2) !== size * 2)
          throw new CaptionerError('truncated', `${file}: expected features in row ${row}, found the end`);
        values.set(fromFloat16Bits(halves), at * size);
      }
    } finally {
      closeSync(handle);
    }
  }

  /** A shard whose bytes are those that were written. */
  #verified(number: number): {tensor: Parameters<typeof toFloat32>[0]; offset: number} {
    const {cells, depth, images, kind, shards} = this.index;
    const shard = shards[number]!;
    const file = join(this.folder, shard.file);
    const again = 'remove that file and build the features again';
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch (cause) {
      throw new CaptionerError('not-found', `${file}: expected a shard of features; ${again}`, {cause});
    }
    if (bytes.length !== shard.bytes)
      throw new CaptionerError(
        'truncated',
        `${file}: expected ${shard.bytes} bytes, got ${bytes.length}; ${again}`,
      );
    if (sha256(bytes) !== shard.sha256)
      throw new CaptionerError(
        'checksum',
        `${file}: expected SHA-256 ${shard.sha256}, got another; ${again}`,
      );
    const tensor = parseSafetensors(bytes, file).tensors.get(kind);
    const rows = images.reduce(
      (most, image) => (image.shard === number ? Math.max(most, image.row + 1) : most),
      0,
    );
    const size = cells * depth;
    if (
      tensor?.dtype !== 'F16' ||
      tensor.data.length % (size * 2) !== 0 ||
      tensor.data.length < rows * size * 2
    )
      throw new CaptionerError(
        'shape',
        `${file}: expected float16 "${kind}" of ${rows} images, depth ${depth}`,
      );
    return {tensor, offset: tensor.data.byteOffset - bytes.byteOffset};
  }

  #noFeatures(id: string): string {
    const reason = this.quarantined.get(id);
    return `${this.folder}: expected features of ${id}, found none${reason === undefined ? '' : ` (${reason})`}`;
  }
}

export type {BuildOptions, BuildProgress} from './feature-builder';
export type {FeatureKind} from './feature-index';
export type {ImageFile} from './decode-ahead';
