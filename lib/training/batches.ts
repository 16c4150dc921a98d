/**
 * Groups captions into batches. Captions of about the same length share a batch, so that little of it is padding. The order
 * depends only on (seed, epoch), so that training can resume at any batch of any epoch.
 */
import {CaptionerError} from '../errors';
import {permutation} from '../random/random';
import {roundedSize} from '../tensorflow/rounded-size';
import {special} from '../text/vocabulary';

/** A caption to train on. */
export interface Example {
  /** The image. */
  readonly id: string;
  /** Word ids, without start and end. */
  readonly tokens: readonly number[];
  /** Whether the caption is complete; a truncated one has no end token as a target. @default true */
  readonly finished?: boolean;
}

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
  readonly #groups: readonly (readonly Example[])[];

  /**
   * @param captions Captions per batch; the last batch of a window may have fewer.
   * @param order Seed and epoch of the shuffle; if absent, examples are only sorted by length (evaluation). `captionsPerImage`: captions
   *   of an image that stay in the same batch.
   */
  constructor(
    examples: readonly Example[],
    captions: number,
    order?: {readonly seed: number; readonly epoch: number; readonly captionsPerImage?: number},
  ) {
    if (!Number.isInteger(captions) || captions < 1)
      throw new CaptionerError('options', `Expected a batch size from 1 up, got ${captions}`);
    const shuffled = order
      ? Array.from(permutation(examples.length, order.seed, order.epoch), (at) => examples[at]!)
      : examples;
    const captionsPerImage = order?.captionsPerImage ?? 1;
    // Captions of a unit stay together; its length is that of its longest caption.
    const units =
      captionsPerImage > 1 ? ofImages(shuffled, captionsPerImage) : shuffled.map((example) => [example]);
    const size = Math.max(1, Math.floor(captions / captionsPerImage));
    const length = (unit: readonly Example[]): number => Math.max(...unit.map(({tokens}) => tokens.length));
    const groups: (readonly Example[])[] = [];
    for (const part of chunks(units, order ? size * window : units.length)) {
      const sorted = [...part].sort((a, b) => length(a) - length(b));
      for (const group of chunks(sorted, size)) groups.push(group.flat());
    }
    this.#groups = order
      ? Array.from(permutation(groups.length, ~order.seed, order.epoch), (at) => groups[at]!)
      : groups;
  }

  get length(): number {
    return this.#groups.length;
  }

  batch(at: number): Batch {
    const group = this.#groups[at];
    if (group === undefined) throw new RangeError(`expected a batch from 0 to ${this.length - 1}, got ${at}`);
    return collate(group);
  }
}

/** Groups the captions of each image, up to `captionsPerImage` at once, in the order of their first. */
function ofImages(examples: readonly Example[], captionsPerImage: number): Example[][] {
  const open = new Map<string, Example[]>();
  const all: Example[][] = [];
  for (const example of examples) {
    const unit = open.get(example.id);
    if (unit && unit.length < captionsPerImage) unit.push(example);
    else {
      const fresh = [example];
      open.set(example.id, fresh);
      all.push(fresh);
    }
  }
  return all;
}

/** Pads examples to one length. */
export function collate(group: readonly Example[]): Batch {
  const size = group.length;
  const steps = 1 + group.reduce((longest, {tokens}) => Math.max(longest, tokens.length), 0);
  const inputs = new Int32Array(size * steps);
  const targets = new Int32Array(size * steps);
  for (const [row, {tokens, finished = true}] of group.entries()) {
    inputs[row * steps] = special.start;
    inputs.set(tokens, row * steps + 1);
    targets.set(tokens, row * steps);
    if (finished) targets[row * steps + tokens.length] = special.end;
  }
  return {ids: group.map(({id}) => id), inputs, targets, size, steps};
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

function* chunks<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}
