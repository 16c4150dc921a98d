/**
 * The order of captions of a store that is larger than memory: shards are read one after the other in random order, and captions are shuffled
 * within a few of them, as WebDataset and TensorFlow's `shuffle(buffer)` do. Each batch of a step has shards of its own, so a worker of a
 * cluster reads only its part of the store, in every epoch the same. The order depends only on (seed, epoch).
 *
 * What is lost: captions of two shards share a batch only if the shards lie in the same buffer. Where each shard is of one kind, the variance
 * of a batch's mean is that of about K draws of shards, not of B captions: about 1/K + 1/B times that of the captions, instead of 1/B.
 */
import {CaptionerError} from '../errors';
import {mix, permutation} from '../random/random';
import {sortByLength, unitsOf, unitsOfBatch, upTo, type CaptionUnits} from './caption-units';
import type {ExampleTable} from './example-table';

/** Shards of the features, within which captions are shuffled. */
export interface Shards {
  /** Returns the shard of an image. */
  readonly of: (id: string) => number | undefined;
  /** Shards that are shuffled together. */
  readonly buffer: number;
  /** Batches of a step, each of which has shards of its own. */
  readonly lanes: number;
}

interface Order extends Shards {
  readonly seed: number;
  readonly epoch: number;
  readonly captionsPerImage?: number;
}

/** @returns Places of examples, batch after batch, and where each batch begins. @throws CaptionerError `options` for too few shards */
export function withinShards(
  examples: ExampleTable,
  captions: number,
  order: Order,
): {readonly places: Int32Array; readonly starts: Int32Array} {
  const shards = placesByShard(examples, order.of);
  const lanes = divide(shards, order.lanes).map((own, lane) => new Lane(examples, own, lane, order));
  const size = unitsOfBatch(captions, order.captionsPerImage ?? 1);
  const batches = Math.max(...lanes.map(({length}) => Math.ceil(length / size)));
  if (shards.length < order.lanes || lanes.some(({length}) => length < batches))
    throw new CaptionerError(
      'options',
      `Expected shards of features for each of ${order.lanes} batches of a step, got ${shards.length} shards of unlike size; lower \`accumulate\`, or set \`shuffleShards\` to 0`,
    );
  const each = lanes.map((lane) => lane.batches(batches));
  const places = new Int32Array(examples.length);
  const starts = new Int32Array(batches * lanes.length + 1);
  let [filled, batch] = [0, 0];
  for (let step = 0; step < batches; step++)
    for (const own of each) {
      for (const part of own[step]!) {
        places.set(part, filled);
        filled += part.length;
      }
      starts[++batch] = filled;
    }
  return {places, starts};
}

/** The captions of the shards that one batch of each step is taken from. */
class Lane {
  readonly #units: CaptionUnits;
  /** Units in their order: sorted by length within a part of a buffer. */
  readonly #order: Int32Array;
  /** Where each buffer begins, in units, and where the last one ends. */
  readonly #buffers: number[] = [0];
  readonly #seed: number;

  constructor(
    examples: ExampleTable,
    shards: readonly Int32Array[],
    lane: number,
    private readonly order: Order,
  ) {
    const {seed, epoch, buffer, captionsPerImage = 1} = order;
    this.#seed = mix(seed, lane + 1);
    const shuffled = permutation(shards.length, this.#seed, epoch);
    const all = new Int32Array(shards.reduce((sum, {length}) => sum + length, 0));
    const ends: number[] = [];
    let filled = 0;
    for (let from = 0; from < shuffled.length; from += buffer) {
      const own = concat(Array.from(shuffled.subarray(from, from + buffer), (shard) => shards[shard]!));
      for (const at of permutation(own.length, mix(this.#seed, from + 1), epoch)) all[filled++] = own[at]!;
      ends.push(filled);
    }
    this.#units = unitsOf(examples, all, captionsPerImage);
    // An image's captions lie in one shard, and so its units in one buffer.
    let [unit, seen] = [0, 0];
    for (const end of ends) {
      for (; seen < end; unit++) seen += this.#units.places(unit).length;
      this.#buffers.push(unit);
    }
    this.#order = upTo(this.#units.length);
  }

  /** Number of units. */
  get length(): number {
    return this.#units.length;
  }

  /** Divides the lane into a number of batches, each of the captions of one or more units. */
  batches(count: number): Int32Array[][] {
    const edge = (batch: number): number => Math.floor((batch * this.length) / count);
    const batches = upTo(count);
    let first = 0;
    for (const [at, from] of this.#buffers.slice(0, -1).entries()) {
      sortByLength(this.#units, this.#order.subarray(from, this.#buffers[at + 1]));
      let last = first;
      while (last < count && edge(last) < this.#buffers[at + 1]!) last++;
      const own = batches.slice(first, last);
      for (const [to, other] of permutation(own.length, ~mix(this.#seed, at), this.order.epoch).entries())
        batches[first + to] = own[other]!;
      first = last;
    }
    return Array.from(batches, (batch) =>
      Array.from(this.#order.subarray(edge(batch), edge(batch + 1)), (unit) => this.#units.places(unit)),
    );
  }
}

/** Divides shards among lanes, so that each has about the same number of captions. */
function divide(shards: readonly Int32Array[], count: number): Int32Array[][] {
  const lanes = Array.from({length: count}, () => ({captions: 0, shards: [] as Int32Array[]}));
  const order = upTo(shards.length).sort((a, b) => shards[b]!.length - shards[a]!.length || a - b);
  for (const shard of order) {
    const least = lanes.reduce((one, other) => (other.captions < one.captions ? other : one));
    least.captions += shards[shard]!.length;
    least.shards.push(shards[shard]!);
  }
  return lanes.map((lane) => lane.shards);
}

/** Returns the places of the captions of each shard. */
function placesByShard(examples: ExampleTable, of: Shards['of']): Int32Array[] {
  const numbers = new Map<number, number>();
  const shardOf = new Int32Array(examples.length);
  const counts: number[] = [];
  let [image, shard] = [-1, -1];
  for (let at = 0; at < examples.length; at++) {
    if (examples.image(at) !== image) {
      image = examples.image(at);
      const found = of(examples.id(at)) ?? -1;
      shard = numbers.get(found) ?? numbers.size;
      numbers.set(found, shard);
    }
    shardOf[at] = shard;
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  const places = counts.map((count) => new Int32Array(count));
  const filled = new Int32Array(counts.length);
  for (let at = 0; at < shardOf.length; at++) places[shardOf[at]!]![filled[shardOf[at]!]!++] = at;
  return places;
}

function concat(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, {length}) => sum + length, 0));
  let filled = 0;
  for (const part of parts) {
    all.set(part, filled);
    filled += part.length;
  }
  return all;
}
