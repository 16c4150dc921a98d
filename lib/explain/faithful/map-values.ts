/** Readings of a map: its value at every pixel, its sum and its energy in a box, and its maximum. */
import type {WordMaps} from '../explanation';

/** Left, top, width and height in pixels. */
export type PixelBox = readonly [x: number, y: number, width: number, height: number];

/**
 * Spreads the map of a word over the image's pixels, so that its sum stays the same.
 *
 * @returns `[size, size]`
 */
export function pixelMap({values, shape}: WordMaps, word: number, size: number): Float32Array {
  const [, height, width] = shape;
  const own = values.subarray(word * height * width, (word + 1) * height * width);
  if (height === size && width === size) return own;
  const [rows, columns] = [cellsOf(size, height), cellsOf(size, width)];
  const areas = new Uint32Array(height * width);
  for (const row of rows) for (const column of columns) areas[row * width + column]!++;
  const spread = new Float32Array(size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const cell = rows[y]! * width + columns[x]!;
      spread[y * size + x] = own[cell]! / areas[cell]!;
    }
  return spread;
}

function cellsOf(size: number, cells: number): Int32Array {
  return Int32Array.from({length: size}, (_, at) => Math.floor((at * cells) / size));
}

/** Marks the pixels of boxes. @param side Side of the image that the boxes are given in. @returns `[size, size]`, 1 inside */
export function boxMask(boxes: readonly PixelBox[], side: number, size: number): Uint8Array {
  const mask = new Uint8Array(size * size);
  const scale = size / side;
  for (const [left, top, width, height] of boxes)
    for (let y = Math.round(top * scale); y < Math.min(size, Math.round((top + height) * scale)); y++)
      mask.fill(
        1,
        y * size + Math.round(left * scale),
        y * size + Math.min(size, Math.round((left + width) * scale)),
      );
  return mask;
}

/** Returns the sum of a map inside a mask. */
export function massIn(map: Float32Array, mask: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < map.length; at++) if (mask[at]) sum += map[at]!;
  return sum;
}

/** Returns the fraction of the positive values of a map that lies inside a mask; 0 if it has none. */
export function energyIn(map: Float32Array, mask: Uint8Array): number {
  let [inside, all] = [0, 0];
  for (let at = 0; at < map.length; at++) {
    const value = Math.max(0, map[at]!);
    all += value;
    if (mask[at]) inside += value;
  }
  return all > 0 ? inside / all : 0;
}

/** Returns the pixel with the highest value of a map; of several, such as those of a cell, the one nearest to their middle. */
export function peakOf(map: Float32Array, size: number): number {
  let highest = -Infinity;
  for (const value of map) highest = Math.max(highest, value);
  const tied: number[] = [];
  for (let at = 0; at < map.length; at++) if (map[at] === highest) tied.push(at);
  const [x, y] = [(at: number) => at % size, (at: number) => Math.floor(at / size)];
  const mean = (of: (at: number) => number): number =>
    tied.reduce((sum, at) => sum + of(at), 0) / tied.length;
  const [cx, cy] = [mean(x), mean(y)];
  const distance = (at: number): number => (x(at) - cx) ** 2 + (y(at) - cy) ** 2;
  return tied.reduce((best, at) => (distance(at) < distance(best) ? at : best));
}

/** Averages a map over square cells, `[cells, cells]`, for comparisons with other maps. */
export function coarse(map: Float32Array, size: number, cells: number): Float64Array {
  const sums = new Float64Array(cells * cells);
  const at = cellsOf(size, cells);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) sums[at[y]! * cells + at[x]!]! += map[y * size + x]!;
  return sums;
}
