/**
 * Divides an image into the regions that perturbation methods hide and show: square cells, or superpixels that follow its edges (SLIC,
 * Achanta et al. 2012, «SLIC superpixels compared to state-of-the-art superpixel methods», PAMI 34).
 */
import {CaptionerError} from '../errors';

/** A division of a square image into regions. */
export interface Segments {
  /** Side of the image in pixels. */
  readonly size: number;
  /** Number of regions. */
  readonly count: number;
  /** Region of each pixel, row by row, from 0 to `count - 1`. */
  readonly labels: Int32Array;
}

/** Options of `superpixels`. */
export interface SuperpixelOptions {
  /** Approximate number of superpixels. @default 50 */
  readonly segments?: number;
  /** Weight of distance against colour: higher values give squarer superpixels. @default 10 */
  readonly compactness?: number;
  /** Iterations of the clustering. @default 10 */
  readonly iterations?: number;
}

/**
 * Divides an image into square cells.
 *
 * @param size Side of the image in pixels.
 * @param cells Cells per side. If they don't divide the side, some are a pixel larger than others.
 * @throws CaptionerError `options` when there are more cells than pixels.
 */
export function gridCells(size: number, cells: number): Segments {
  if (!Number.isInteger(cells) || cells < 1 || cells > size)
    throw new CaptionerError(
      'options',
      `Expected the cells per side to be an integer from 1 to ${size}, the image's side in pixels, got ${cells}`,
    );
  const cellOf = Int32Array.from({length: size}, (_, at) => Math.floor((at * cells) / size));
  const labels = new Int32Array(size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) labels[y * size + x] = cellOf[y]! * cells + cellOf[x]!;
  return {size, count: cells * cells, labels};
}

/**
 * Divides an image into superpixels: k-means over colour (CIE L*a*b*) and position, each centre competing only for pixels near it. Every
 * superpixel is connected.
 *
 * @param pixels RGB, 0 to 255, row by row, `[size, size, 3]`.
 * @throws CaptionerError `options` when there are more segments than pixels.
 */
export function superpixels(
  pixels: ArrayLike<number>,
  size: number,
  {segments = 50, compactness = 10, iterations = 10}: SuperpixelOptions = {},
): Segments {
  const perSide = Math.round(Math.sqrt(segments));
  const {labels} = gridCells(size, Math.max(1, perSide));
  const step = size / Math.max(1, perSide);
  const lab = toLab(pixels);
  const nearest = new Float32Array(size * size);
  const weight = (compactness / step) ** 2;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const centres = centresOf(labels, lab, size);
    nearest.fill(Infinity);
    for (const [label, [cx, cy, l, a, b]] of centres)
      for (let y = Math.max(0, Math.ceil(cy - step)); y <= Math.min(size - 1, cy + step); y++)
        for (let x = Math.max(0, Math.ceil(cx - step)); x <= Math.min(size - 1, cx + step); x++) {
          const at = y * size + x;
          const colour = (lab[3 * at]! - l) ** 2 + (lab[3 * at + 1]! - a) ** 2 + (lab[3 * at + 2]! - b) ** 2;
          const distance = colour + weight * ((x - cx) ** 2 + (y - cy) ** 2);
          if (distance >= nearest[at]!) continue;
          nearest[at] = distance;
          labels[at] = label;
        }
  }
  return connected(labels, size, (step * step) / 4);
}

type Centre = [x: number, y: number, l: number, a: number, b: number];

/** Computes the mean position and colour of each label that has pixels. */
function centresOf(labels: Int32Array, lab: Float32Array, size: number): Map<number, Centre> {
  const sums = new Map<number, number[]>();
  for (const [at, label] of labels.entries()) {
    const sum = sums.get(label) ?? [0, 0, 0, 0, 0, 0];
    sums.set(label, sum);
    const own = [at % size, Math.floor(at / size), lab[3 * at]!, lab[3 * at + 1]!, lab[3 * at + 2]!, 1];
    for (let k = 0; k < 6; k++) sum[k]! += own[k]!;
  }
  return new Map(
    [...sums].map(([label, sum]) => [label, sum.slice(0, 5).map((value) => value / sum[5]!) as Centre]),
  );
}

/** Numbers the connected parts of the labels anew; parts of fewer than `least` pixels join the part before them. */
function connected(labels: Int32Array, size: number, least: number): Segments {
  const result = new Int32Array(size * size).fill(-1);
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (result[start]! >= 0) continue;
    const label = labels[start]!;
    const part = [start];
    result[start] = count;
    let neighbour = -1;
    for (let next = 0; next < part.length; next++)
      for (const at of around(part[next]!, size))
        if (result[at]! < 0 && labels[at] === label) {
          result[at] = count;
          part.push(at);
        } else if (result[at]! >= 0 && result[at] !== count) neighbour = result[at]!;
    if (part.length < least && neighbour >= 0) for (const at of part) result[at] = neighbour;
    else count++;
  }
  return {size, count, labels: result};
}

function around(at: number, size: number): number[] {
  const x = at % size;
  const found = [at - size, at + size].filter((other) => other >= 0 && other < size * size);
  if (x > 0) found.push(at - 1);
  if (x < size - 1) found.push(at + 1);
  return found;
}

/** Converts sRGB to CIE L*a*b* with white point D65. */
function toLab(pixels: ArrayLike<number>): Float32Array {
  const linear = Float64Array.from({length: 256}, (_, value) => {
    const v = value / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  const f = (t: number): number => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
  const lab = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at += 3) {
    const [r, g, b] = [0, 1, 2].map((k) => linear[Math.max(0, Math.min(255, Math.round(pixels[at + k]!)))]!);
    const x = f((0.4124564 * r! + 0.3575761 * g! + 0.1804375 * b!) / 0.95047);
    const y = f(0.2126729 * r! + 0.7151522 * g! + 0.072175 * b!);
    const z = f((0.0193339 * r! + 0.119192 * g! + 0.9503041 * b!) / 1.08883);
    lab.set([116 * y - 16, 500 * (x - y), 200 * (y - z)], at);
  }
  return lab;
}
