/**
 * Where the features of each image lie: its shard and row, by a hash of its id. Sixteen bytes an image, so that a store of ten million images
 * opens without the headers of its shards; these say whether the image of a row is the one that was asked for.
 */
import {mix} from '../random/random';
import type {FeatureOrigin, Shard} from './shard';

/** A shard in an index. */
export interface IndexedShard {
  readonly number: number;
  /** Size of its file. */
  readonly bytes: number;
  /** Images that have features. */
  readonly rows: number;
}

/** The features of an image. */
export interface Place {
  /** Number of the shard. */
  readonly shard: number;
  readonly row: number;
}

/** Fraction of the slots above which a table would be slow. */
const fullest = 0.6;

export class PlaceIndex {
  /** Number of the first place of each shard, and after the last. */
  readonly #firsts: Float64Array;
  /** Places by hash, from 1; 0 is free. */
  readonly #slots: Int32Array;
  #size = 0;

  /**
   * @param hashes Two integers for each place, shard after shard and row after row.
   * @param quarantined Images that have no features, and why.
   */
  constructor(
    readonly source: FeatureOrigin,
    readonly shards: readonly IndexedShard[],
    readonly hashes: Int32Array,
    readonly quarantined: ReadonlyMap<string, string>,
  ) {
    this.#firsts = new Float64Array(shards.length + 1);
    for (const [at, {rows}] of shards.entries()) this.#firsts[at + 1] = this.#firsts[at]! + rows;
    const places = hashes.length / 2;
    let slots = 16;
    while (places > fullest * slots) slots *= 2;
    this.#slots = new Int32Array(slots);
    for (let place = 0; place < places; place++) {
      const slot = this.#slotOf(hashes[2 * place]!, hashes[2 * place + 1]!);
      // Where two shards have the same id, the last counts.
      if (this.#slots[slot] === 0) this.#size++;
      this.#slots[slot] = place + 1;
    }
  }

  /** Makes an index of shards. @param bytesOf Returns the size of a shard's file. */
  static of(source: FeatureOrigin, shards: Iterable<Shard>, bytesOf: (shard: Shard) => number): PlaceIndex {
    const listed: IndexedShard[] = [];
    const quarantined = new Map<string, string>();
    const parts: Int32Array[] = [];
    for (const shard of shards) {
      const part = new Int32Array(2 * shard.rows);
      let row = 0;
      for (const {id, reason} of shard.images)
        if (reason === undefined) part.set(hashesOf(id), 2 * row++);
        else quarantined.set(id, reason);
      parts.push(part);
      listed.push({number: shard.number, bytes: bytesOf(shard), rows: shard.rows});
    }
    const hashes = new Int32Array(parts.reduce((sum, {length}) => sum + length, 0));
    let filled = 0;
    for (const part of parts) {
      hashes.set(part, filled);
      filled += part.length;
    }
    return new PlaceIndex(source, listed, hashes, quarantined);
  }

  /** Images that have features. */
  get size(): number {
    return this.#size;
  }

  /** @returns The place of an image's features; undefined if it has none. */
  find(id: string): Place | undefined {
    const found = this.#slots[this.#slotOf(...hashesOf(id))]!;
    if (found === 0) return undefined;
    let [low, high] = [0, this.shards.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#firsts[middle]! < found) low = middle;
      else high = middle - 1;
    }
    return {shard: this.shards[low]!.number, row: found - 1 - this.#firsts[low]!};
  }

  #slotOf(one: number, two: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = one & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === 0) return slot;
      const at = 2 * (found - 1);
      if (this.hashes[at] === one && this.hashes[at + 1] === two) return slot;
    }
  }
}

/** Hashes an id to 64 bits: of ten million ids, two have the same hash with a probability of 3 in a million. */
export function hashesOf(id: string): [number, number] {
  let [one, two] = [0x811c9dc5, 0x1b873593];
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    one = Math.imul(one ^ code, 0x01000193);
    two = Math.imul(two ^ code, 0x5bd1e995);
    two ^= two >>> 15;
  }
  return [mix(one, two), mix(two, ~one)];
}
