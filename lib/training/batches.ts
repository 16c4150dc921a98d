/**
 * Groups captions into batches. Captions of about the same length share a batch, so that little of it is padding. The order
 * depends only on (seed, epoch), so that training can resume at any batch of any epoch.
 */
import {CaptionerError} from '../errors';
import {permutation} from '../random/random';
import {roundedSize} from '../tensorflow/rounded-size';
import {special} from '../text/vocabulary';
import {sortByLength, unitsOf, unitsOfBatch, upTo} from './caption-units';
import {ExampleTable, type Example} from './example-table';
import {withinShards, type Shards} from './shard-order';

export type {Example};

/** Captions of one training step as padded arrays of word ids. */
export interface Batch {
  readonly ids: readonly string[];
  /** `[size, steps]`, row by row: the start id and the words, padded with 0. */
  readonly inputs: Int32Array;
  /** `[size, steps]`: the words and, where they are finished, the end id; padded with 0. */
  readonly targets: Int32Array;
  readonly size: number;
  readonly steps: number;
}

/** Number of batches within which captions are sorted by length: little padding, yet different neighbours in every epoch. */
const window = 50;

/** The batches of an epoch, each created on request. */
export class BatchPlan {
  readonly #examples: ExampleTable;
  /** Places of examples, batch after batch. */
  readonly #places: Int32Array;
  /** Where each batch begins in `#places`, and where the last one ends. */
  readonly #starts: Int32Array;
  readonly #order: Int32Array;

  /**
   * @param captions Captions per batch; the last batch of a window may have fewer.
   * @param order Seed and epoch of the shuffle; if absent, examples are only sorted by length (evaluation). `captionsPerImage`: captions
   *   of an image that stay in the same batch. `shards`: shuffles within a few shards of the features at a time.
   */
  constructor(
    examples: readonly Example[] | ExampleTable,
    captions: number,
    order?: {
      readonly seed: number;
      readonly epoch: number;
      readonly captionsPerImage?: number;
      readonly shards?: Shards | undefined;
    },
  ) {
    if (!Number.isInteger(captions) || captions < 1)
      throw new CaptionerError('options', `Expected a batch size from 1 up, got ${captions}`);
    this.#examples = examples instanceof ExampleTable ? examples : ExampleTable.of(examples);
    if (order?.shards) {
      ({places: this.#places, starts: this.#starts} = withinShards(this.#examples, captions, {
        ...order,
        ...order.shards,
      }));
      this.#order = upTo(this.#starts.length - 1);
      return;
    }
    const count = this.#examples.length;
    const captionsPerImage = order?.captionsPerImage ?? 1;
    const units = unitsOf(
      this.#examples,
      order ? permutation(count, order.seed, order.epoch) : upTo(count),
      captionsPerImage,
    );
    const size = unitsOfBatch(captions, captionsPerImage);
    const sorted = upTo(units.length);
    const part = order ? size * window : Math.max(1, units.length);
    for (let from = 0; from < units.length; from += part)
      sortByLength(units, sorted.subarray(from, from + part));

    this.#places = new Int32Array(count);
    this.#starts = new Int32Array(Math.ceil(units.length / size) + 1);
    let filled = 0;
    for (let at = 0; at < sorted.length; at++) {
      if (at % size === 0) this.#starts[at / size] = filled;
      const own = units.places(sorted[at]!);
      this.#places.set(own, filled);
      filled += own.length;
    }
    this.#starts[this.#starts.length - 1] = filled;
    const groups = this.#starts.length - 1;
    this.#order = order ? permutation(groups, ~order.seed, order.epoch) : upTo(groups);
  }

  get length(): number {
    return this.#order.length;
  }

  batch(at: number): Batch {
    const group = this.#order[at];
    if (group === undefined) throw new RangeError(`expected a batch from 0 to ${this.length - 1}, got ${at}`);
    return collatePlaces(this.#examples, this.#places.subarray(this.#starts[group], this.#starts[group + 1]));
  }
}

/** Pads examples to one length. */
export function collate(group: readonly Example[]): Batch {
  return collatePlaces(ExampleTable.of(group), upTo(group.length));
}

function collatePlaces(examples: ExampleTable, places: Int32Array): Batch {
  const size = places.length;
  const found = Array.from(places, (place) => examples.tokens(place));
  const steps = 1 + found.reduce((longest, tokens) => Math.max(longest, tokens.length), 0);
  const inputs = new Int32Array(size * steps);
  const targets = new Int32Array(size * steps);
  for (const [row, tokens] of found.entries()) {
    inputs[row * steps] = special.start;
    inputs.set(tokens, row * steps + 1);
    targets.set(tokens, row * steps);
    if (examples.isFinished(places[row]!)) targets[row * steps + tokens.length] = special.end;
  }
  return {ids: Array.from(places, (place) => examples.id(place)), inputs, targets, size, steps};
}

/** Pads a batch to rounded sizes, with captions and words of padding; `ids` stays as it is. */
export function padded(batch: Batch): Batch {
  const [size, steps] = [roundedSize(batch.size), roundedSize(batch.steps)];
  if (size === batch.size && steps === batch.steps) return batch;
  const wide = (words: Int32Array): Int32Array => {
    const all = new Int32Array(size * steps);
    for (let row = 0; row < batch.size; row++)
      all.set(words.subarray(row * batch.steps, (row + 1) * batch.steps), row * steps);
    return all;
  };
  return {ids: batch.ids, inputs: wide(batch.inputs), targets: wide(batch.targets), size, steps};
}
