/** Overlays a map of values per cell, such as attention weights or attributions, on an image: bright where the value is large. */
import sharp from 'sharp';
import {CaptionerError} from '../errors';
import {readImage} from '../encoders/images';

/** Options of `overlay`. */
export interface OverlayOptions {
  /** Side of the square result in pixels. @default 224 */
  readonly size?: number;
  /** Brightness of the image where the map is lowest, from 0 to 1. @default 0.25 */
  readonly floor?: number;
}

/**
 * Overlays a map on an image.
 *
 * @param file The image file.
 * @param map A square map with one value per cell, row by row; scaled to its range.
 * @returns A JPEG, stretched to a square like the encoder's input.
 * @throws CaptionerError `shape` when the map isn't square; `image`, `not-found` when the image can't be read.
 */
export async function overlay(
  file: string,
  map: ArrayLike<number>,
  {size = 224, floor = 0.25}: OverlayOptions = {},
): Promise<Buffer> {
  const side = Math.sqrt(map.length);
  if (!Number.isInteger(side) || side === 0)
    throw new CaptionerError('shape', `overlay: expected a square map (1, 4, 9, … cells), got ${map.length}`);
  const values = Float32Array.from(map);
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const light = Buffer.from(
    values.map((value) => Math.round(255 * (floor + ((1 - floor) * (value - low)) / range))),
  );
  const mask = await sharp(light, {raw: {width: side, height: side, channels: 1}})
    .resize(size, size, {kernel: 'cubic'})
    .toColourspace('srgb')
    .png()
    .toBuffer();
  const image = await sharp(await readImage(file))
    .resize(size, size, {fit: 'fill'})
    .png()
    .toBuffer();
  return sharp(image)
    .composite([{input: mask, blend: 'multiply'}])
    .jpeg({quality: 85})
    .toBuffer();
}
