/**
 * Lays a map of values per cell, such as attention weights or a feature, over an image: the image in grey, large values in the bright
 * colours of a perceptually uniform scale, and the cells' grid.
 */
import sharp from 'sharp';
import {readImage} from '../encoders/images';
import {CaptionerError} from '../errors';
import {colourAt, inferno} from './colour-scale';

/** Options of `overlay`. */
export interface OverlayOptions {
  /** Side of the square result in pixels. @default 224 */
  readonly size?: number;
  /** Values of the darkest and the brightest colour. @default the lowest and the highest of the map */
  readonly range?: readonly [number, number];
  /** Whether the grid of the cells is drawn. @default true */
  readonly grid?: boolean;
}

/**
 * Lays a map over an image.
 *
 * @param file The image file.
 * @param map A square map with one value per cell, row by row.
 * @returns A JPEG, stretched to a square like the encoder's input.
 * @throws CaptionerError `shape` when the map isn't square; `image`, `not-found` when the image can't be read.
 */
export async function overlay(
  file: string,
  map: ArrayLike<number>,
  {size = 224, range, grid = true}: OverlayOptions = {},
): Promise<Buffer> {
  const side = Math.sqrt(map.length);
  if (!Number.isInteger(side) || side === 0)
    throw new CaptionerError('shape', `overlay: expected a square map (1, 4, 9, … cells), got ${map.length}`);
  const values = Float32Array.from(map);
  const [low, high] = range ?? [Math.min(...values), Math.max(...values)];
  const light = Buffer.from(values.map((value) => 255 * unit((value - low) / (high - low || 1))));
  const smooth = await sharp(light, {raw: {width: side, height: side, channels: 1}})
    .resize(size, size, {kernel: 'cubic'})
    .extractChannel(0)
    .raw()
    .toBuffer();
  const grey = await sharp(await readImage(file))
    .resize(size, size, {fit: 'fill'})
    .greyscale()
    .extractChannel(0)
    .raw()
    .toBuffer();
  const pixels = Buffer.alloc(3 * size * size);
  for (let at = 0; at < size * size; at++) {
    const value = smooth[at]! / 255;
    const colour = colourAt(inferno, 0.1 + 0.9 * value);
    const share = 0.35 + 0.45 * value; // of the colour; the rest is the image
    const line = grid && isLine(at % size, Math.floor(at / size), size, side) ? 34 : 0;
    for (let channel = 0; channel < 3; channel++)
      pixels[3 * at + channel] = Math.min(255, share * colour[channel]! + (1 - share) * grey[at]! + line);
  }
  return sharp(pixels, {raw: {width: size, height: size, channels: 3}})
    .jpeg({quality: 85})
    .toBuffer();
}

/** Whether a pixel lies on a line between two cells. */
function isLine(x: number, y: number, size: number, side: number): boolean {
  const cell = (pixel: number): number => Math.floor((pixel * side) / size);
  return (x > 0 && cell(x) !== cell(x - 1)) || (y > 0 && cell(y) !== cell(y - 1));
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
