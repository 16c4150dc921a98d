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
import {hasIndex, readShards, reasonsOf} from './shard-index';
import {readRows, type FeatureKind, type FeatureOrigin, type Shard} from './shard';

interface Place {
  readonly shard: Shard;
  readonly row: number;
}

/** Image features in a folder, computed once for each image. */
export class FeatureStore {
  readonly #places = new Map<string, Place>();
  /** Images that could not be read, and why. */
  readonly quarantined: ReadonlyMap<string, string>;
  /** Pooled features fit into memory: a shard is read whole, once. */
  readonly #pooled = new Map<Shard, Uint16Array>();
  /** Grids don't: only which shards were verified is kept. */
  readonly #checked = new Set<Shard>();

  private constructor(
    readonly folder: string,
    private readonly source: FeatureOrigin,
    shards: readonly Shard[],
  ) {
    for (const shard of shards) {
      let row = 0;
      for (const {id, reason} of shard.images)
        if (reason === undefined) this.#places.set(id, {shard, row: row++});
    }
    this.quarantined = reasonsOf(shards);
  }

  get encoder(): {readonly name: string; readonly digest: string} {
    return this.source.encoder;
  }
  get preprocessing(): Preprocessing {
    return this.source.preprocessing;
  }
  get kind(): FeatureKind {
    return this.source.kind;
  }
  get cells(): number {
    return this.source.cells;
  }
  get depth(): number {
    return this.source.depth;
  }
  /** Images that have features. */
  get size(): number {
    return this.#places.size;
  }
  has(id: string): boolean {
    return this.#places.has(id);
  }

  /** Opens a store. @throws CaptionerError `not-found`; `truncated`, `header`, `version` or `mismatch` for a shard that does not belong to it. */
  static open(folder: string): FeatureStore {
    const shards = readShards(folder);
    const [first] = shards;
    if (first === undefined) {
      const what = hasIndex(folder) ? 'its shards are missing' : 'found none';
      throw new CaptionerError('not-found', `${folder}: expected a feature store, ${what}`);
    }
    return new FeatureStore(folder, first.source, shards);
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
    return new FeatureStore(folder, built, readShards(folder));
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
    const {cells, depth, kind} = this.source;
    const size = cells * depth;
    const halves = new Uint16Array(ids.length * size);
    const wanted = new Map<Shard, {at: number; row: number}[]>();
    for (const [at, id] of ids.entries()) {
      const place = this.#places.get(id);
      if (place === undefined) throw new CaptionerError('not-found', this.#noFeatures(id));
      const list = wanted.get(place.shard);
      if (list) list.push({at, row: place.row});
      else wanted.set(place.shard, [{at, row: place.row}]);
    }
    for (const [shard, rows] of wanted)
      if (kind === 'pooled') {
        const all = this.#pooled.get(shard) ?? readRows(shard);
        this.#pooled.set(shard, all);
        for (const {at, row} of rows) halves.set(all.subarray(row * size, (row + 1) * size), at * size);
      } else this.#readGrids(shard, rows, size, halves);
    return fromFloat16(halves, kind === 'pooled' ? [ids.length, depth] : [ids.length, cells, depth]);
  }

  #readGrids(
    shard: Shard,
    rows: readonly {readonly at: number; readonly row: number}[],
    size: number,
    halves: Uint16Array,
  ): void {
    if (!this.#checked.has(shard)) {
      readRows(shard);
      this.#checked.add(shard);
    }
    const {descriptor: handle} = openFileSync(shard.file, {code: 'header', largest: Infinity});
    try {
      const bytes = new Uint8Array(halves.buffer);
      for (const {at, row} of rows)
        if (readSync(handle, bytes, at * size * 2, size * 2, shard.start + row * size * 2) !== size * 2)
          throw new CaptionerError(
            'truncated',
            `${shard.file}: expected features in row ${row}, found the end of the file`,
          );
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
