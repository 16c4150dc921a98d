/**
 * Image features on disk, so that the CNN runs once per image, ever. A store belongs to one encoder, its weights and its
 * preprocessing. It holds float16 features in shards, an index with the shard, row and SHA-256 of each image, and the reason
 * for each image that could not be read. This module reads a store; `builder.ts` fills it.
 */
import {closeSync, readSync} from 'node:fs';
import {counted, description, grouped, lastName, setDescription} from '../description';
import type {Encoder, Preprocessing} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {openFileSync} from '../files/regular-file';
import type {tf} from '../tensorflow/tensorflow';
import {fromFloat16} from '../tensorflow/casts';
import type {ImageFile} from './prefetch';
import {buildFeatures, type BuildOptions} from './builder';
import {readPlaces} from './place-file';
import {PlaceIndex} from './place-index';
import type {FeatureKind} from './shard';
import {checkRow, ShardCache} from './shard-cache';
import {hasIndex, indexShards} from './shard-index';

/** Features to be read: those of image `id` in row `row`, for row `at` of the result. */
interface Wanted {
  readonly at: number;
  readonly id: string;
  readonly row: number;
}

/** Image features in a folder, computed once for each image. */
export class FeatureStore {
  readonly #shards: ShardCache;

  private constructor(
    readonly folder: string,
    private readonly index: PlaceIndex,
  ) {
    this.#shards = new ShardCache(folder, index.source);
  }

  /** Images that could not be read, and why. */
  get quarantined(): ReadonlyMap<string, string> {
    return this.index.quarantined;
  }
  get encoder(): {readonly name: string; readonly digest: string} {
    return this.index.source.encoder;
  }
  get preprocessing(): Preprocessing {
    return this.index.source.preprocessing;
  }
  get kind(): FeatureKind {
    return this.index.source.kind;
  }
  get cells(): number {
    return this.index.source.cells;
  }
  get depth(): number {
    return this.index.source.depth;
  }
  /** Images that have features. */
  get size(): number {
    return this.index.size;
  }
  has(id: string): boolean {
    return this.index.find(id) !== undefined;
  }

  /** Returns the number of the shard that has an image's features; undefined if the store doesn't have them. */
  shardOf(id: string): number | undefined {
    return this.index.find(id)?.shard;
  }

  /**
   * Opens a store. A shard is read when its features are first asked for.
   *
   * @throws CaptionerError `not-found`; where the store has no index of its own, also `truncated`, `header`, `version` or `mismatch` for a
   *   shard that does not belong to it
   */
  static open(folder: string): FeatureStore {
    const index = readPlaces(folder) ?? indexShards(folder);
    if (index === undefined || index.shards.length === 0) {
      const what = hasIndex(folder) ? 'its shards are missing' : 'found none';
      throw new CaptionerError('not-found', `${folder}: expected a feature store, ${what}`);
    }
    return new FeatureStore(folder, index);
  }

  /**
   * Encodes the images that the store does not have yet, or whose bytes changed, and opens it. With nothing to do, the
   * network does not run. A run that is stopped loses at most the shard it was working on.
   *
   * @param source A dataset, or some of its images.
   * @throws CaptionerError `mismatch` when the folder holds features of another encoder or kind; `locked` while another
   *   process fills it; `image` when not a single image can be read; `options`, `no-space`.
   */
  static async build(
    encoder: Encoder,
    source: readonly ImageFile[] | {readonly images: readonly ImageFile[]},
    folder: string,
    options: BuildOptions = {},
  ): Promise<FeatureStore> {
    const built = await buildFeatures(encoder, 'images' in source ? source.images : source, folder, options);
    return new FeatureStore(
      folder,
      readPlaces(folder) ?? indexShards(folder) ?? PlaceIndex.of(built, [], () => 0),
    );
  }

  /**
   * Reads the features of images.
   *
   * @param ids Images of the store, in any order, also repeated.
   * @returns float32 `[batch, depth]` or `[batch, cells, depth]`. The caller disposes it.
   * @throws CaptionerError `not-found` for an image that the store does not have; `checksum`, `truncated` for a damaged
   *   shard.
   */
  read(ids: readonly string[]): tf.Tensor {
    const {cells, depth, kind} = this.index.source;
    const size = cells * depth;
    const halves = new Uint16Array(ids.length * size);
    const wanted = new Map<number, Wanted[]>();
    for (const [at, id] of ids.entries()) {
      const place = this.index.find(id);
      if (place === undefined) throw new CaptionerError('not-found', this.#noFeatures(id));
      const list = wanted.get(place.shard);
      if (list) list.push({at, id, row: place.row});
      else wanted.set(place.shard, [{at, id, row: place.row}]);
    }
    for (const [number, rows] of wanted)
      if (kind === 'pooled') {
        const {rows: all, ...shard} = this.#shards.rows(number);
        for (const {at, row, id} of rows) {
          checkRow(shard, row, id);
          halves.set(all.subarray(row * size, (row + 1) * size), at * size);
        }
      } else this.#readGrids(number, rows, size, halves);
    return fromFloat16(halves, kind === 'pooled' ? [ids.length, depth] : [ids.length, cells, depth]);
  }

  #readGrids(number: number, rows: readonly Wanted[], size: number, halves: Uint16Array): void {
    const found = this.#shards.open(number);
    const {shard} = found;
    const {descriptor: handle} = openFileSync(shard.file, {code: 'header', largest: Infinity});
    try {
      const bytes = new Uint8Array(halves.buffer);
      for (const {at, row, id} of rows) {
        checkRow(found, row, id);
        if (readSync(handle, bytes, at * size * 2, size * 2, shard.start + row * size * 2) !== size * 2)
          throw new CaptionerError(
            'truncated',
            `${shard.file}: expected features in row ${row}, found the end of the file`,
          );
      }
    } finally {
      closeSync(handle);
    }
  }

  #noFeatures(id: string): string {
    const reason = this.quarantined.get(id);
    return `${this.folder}: expected features of ${id}, found none${reason === undefined ? '' : ` (${reason})`}`;
  }
}

export type {BuildOptions, BuildProgress} from './builder';
export type {FeatureKind} from './shard';
export type {ImageFile} from './prefetch';

setDescription(FeatureStore.prototype, (store) => {
  const {size, kind, cells, depth, encoder, preprocessing, quarantined, folder} = store;
  return description(`Features of ${counted(size, 'image')}`, {
    each: kind === 'pooled' ? `pooled, [${depth}]` : `a grid, [${cells}, ${depth}]`,
    encoder: `${encoder.name} at ${preprocessing.size} pixels`,
    unreadable: quarantined.size > 0 && grouped(quarantined.size),
    folder: lastName(folder),
  });
});
