/** Shards that were read last, within a limit of memory: a store may be larger than memory. */
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {checkSource, readRows, readShard, shardName, type FeatureOrigin, type Shard} from './shard';

/** Bytes of rows that are kept. */
const mostBytes = 2 ** 30;
/** Headers that are kept: of 256 images each, about 50 MB. */
const mostHeaders = 1024;

/** A shard's header, as far as reading needs it. */
export interface OpenShard {
  readonly shard: Shard;
  /** Images of the rows. */
  readonly ids: readonly string[];
}

export class ShardCache {
  readonly #headers = new Map<number, OpenShard>();
  readonly #rows = new Map<number, Uint16Array>();
  /** Shards whose rows were found to be what was written. */
  readonly #verified = new Set<number>();
  #bytes = 0;

  /** @param most Bytes of rows that are kept. @default 1 GB */
  constructor(
    private readonly folder: string,
    private readonly source: FeatureOrigin,
    private readonly most: number = mostBytes,
  ) {}

  /** Bytes of rows that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Opens a shard and verifies it, the first time. @throws CaptionerError as `readShard`; `mismatch`, `checksum` */
  open(number: number): OpenShard {
    const found = this.#header(number);
    if (!this.#verified.has(number)) {
      readRows(found.shard);
      this.#verified.add(number);
    }
    return found;
  }

  /** Returns all rows of a shard, read again if it was long ago. @throws CaptionerError as `open` */
  rows(number: number): OpenShard & {readonly rows: Uint16Array} {
    const {shard, ids} = this.#header(number);
    const rows = this.#rows.get(number) ?? readRows(shard);
    this.#verified.add(number);
    if (this.#rows.delete(number)) this.#bytes -= rows.byteLength;
    this.#rows.set(number, rows);
    this.#bytes += rows.byteLength;
    for (const [oldest, old] of this.#rows) {
      if (this.#bytes <= this.most || oldest === number) break;
      this.#rows.delete(oldest);
      this.#bytes -= old.byteLength;
    }
    return {shard, ids, rows};
  }

  #header(number: number): OpenShard {
    const known = this.#headers.get(number);
    const found = known ?? this.#read(number);
    this.#headers.delete(number);
    this.#headers.set(number, found);
    const [oldest] = this.#headers.keys();
    if (this.#headers.size > mostHeaders) this.#headers.delete(oldest!);
    return found;
  }

  #read(number: number): OpenShard {
    const file = join(this.folder, shardName(number));
    const shard = readShard(file);
    checkSource(file, shard.source, this.source, 'build the features again');
    return {shard, ids: shard.images.flatMap(({id, reason}) => (reason === undefined ? [id] : []))};
  }
}

/** @throws CaptionerError `mismatch` when a row is that of another image than the index says. */
export function checkRow({shard: {file}, ids}: OpenShard, row: number, id: string): void {
  if (ids[row] === id) return;
  throw new CaptionerError(
    'mismatch',
    `${file}: expected ${id} in row ${row}, as places.safetensors says, got ${ids[row] ?? 'nothing'}; remove places.safetensors, or build the features again`,
  );
}
