/**
 * A map of numbers, one for each cell of an image, laid over the image: bright where the number is large. What the
 * numbers are (a feature's response, attention, an attribution) is the caller's.
 */
import sharp from 'sharp';
import {CaptionerError} from '../errors';
import {readImage} from '../encoders/images';

/** Options of `overlay`. */
export interface OverlayOptions {
  /** Side of the square result, in pixels. @default 224 */
  readonly size?: number;
  /** How much of the image stays where the map is lowest, 0 to 1. @default 0.25 */
  readonly floor?: number;
}

/**
 * Lays a map of numbers over an image.
 *
 * @param file The image.
 * @param map A square of numbers row by row, as many as the image has cells; scaled so that its largest is brightest.
 * @returns A JPEG, stretched to a square as the encoder sees it.
 * @throws CaptionerError `shape` when the map is not a square, `image` when the image cannot be read.
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
