/** Captions that stay together in a batch: those of an image, or each by itself. */
import type {ExampleTable} from './example-table';

/** Units one after the other. */
export interface CaptionUnits {
  readonly length: number;
  /** Returns the places of a unit's captions. */
  places(unit: number): Int32Array;
  /** Returns the number of words of its longest caption. */
  words(unit: number): number;
}

/**
 * Groups the captions of each image, up to `captionsPerImage` at once, in the order of their first.
 *
 * @param shuffled Places of the captions.
 */
export function unitsOf(
  examples: ExampleTable,
  shuffled: Int32Array,
  captionsPerImage: number,
): CaptionUnits {
  const {places, starts} =
    captionsPerImage > 1
      ? ofImages(examples, shuffled, captionsPerImage)
      : {places: shuffled, starts: undefined};
  const own = (unit: number): Int32Array =>
    starts ? places.subarray(starts[unit], starts[unit + 1]) : places.subarray(unit, unit + 1);
  const length = starts ? starts.length - 1 : places.length;
  const words = new Uint16Array(length);
  for (let unit = 0; unit < length; unit++)
    for (const place of own(unit)) words[unit] = Math.max(words[unit]!, examples.tokens(place).length);
  return {length, places: own, words: (unit) => words[unit]!};
}

function ofImages(
  examples: ExampleTable,
  shuffled: Int32Array,
  captionsPerImage: number,
): {readonly places: Int32Array; readonly starts: Int32Array} {
  const unitOf = new Int32Array(shuffled.length);
  let images = 0;
  for (const place of shuffled) images = Math.max(images, examples.image(place) + 1);
  /** The unit of each image that is being filled. */
  const open = new Int32Array(images).fill(-1);
  const counts = new Int32Array(shuffled.length);
  let units = 0;
  for (const [at, place] of shuffled.entries()) {
    const image = examples.image(place);
    const unit = open[image]!;
    if (unit < 0 || counts[unit]! >= captionsPerImage) open[image] = units++;
    unitOf[at] = open[image]!;
    counts[open[image]!]!++;
  }
  const starts = new Int32Array(units + 1);
  for (const unit of unitOf) starts[unit + 1]!++;
  for (let unit = 0; unit < units; unit++) starts[unit + 1]! += starts[unit]!;
  const next = starts.slice();
  const places = new Int32Array(shuffled.length);
  for (const [at, place] of shuffled.entries()) places[next[unitOf[at]!]!++] = place;
  return {places, starts};
}

/** Returns how many units a batch of captions has. */
export function unitsOfBatch(captions: number, captionsPerImage: number): number {
  return Math.max(1, Math.floor(captions / captionsPerImage));
}

/** Sorts units by their longest caption; those of the same length keep their order. */
export function sortByLength(units: CaptionUnits, order: Int32Array): void {
  order.sort((a, b) => units.words(a) - units.words(b) || a - b);
}

/** Returns the integers from 0 to `count - 1`. */
export function upTo(count: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let at = 0; at < count; at++) numbers[at] = at;
  return numbers;
}
