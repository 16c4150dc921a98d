/**
 * Signed maps over an image: values resampled to a display's resolution, drawn in two colours whose opacity is the size of the value, and
 * laid over a grey image.
 */
import sharp from 'sharp';
import type {WordMaps} from '../explain/explanation';

/** Colours of what supports and what opposes a word; they differ for colour-blind readers too. */
export const signs = {support: [245, 133, 24], oppose: [38, 116, 224]} as const;

/** Opacity of the largest value. */
const strongest = 0.88;
/** Fraction of the values that may lie beyond the end of the scale, so that single pixels don't make all others pale. */
const beyond = 0.005;

/** A map of one value per cell. */
export interface SignedMap {
  /** Row by row. */
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Returns the map of one word. */
export function mapOf({values, shape: [, height, width]}: WordMaps, word: number): SignedMap {
  const size = height * width;
  return {values: values.subarray(word * size, (word + 1) * size), width, height};
}

/** Resamples a map, each new value the mean of the area that it covers. */
export function resample({values, width, height}: SignedMap, columns: number, rows: number): SignedMap {
  const across = overlaps(width, columns);
  const down = overlaps(height, rows);
  const result = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (const [y, tall] of down[row]!)
        for (const [x, wide] of across[column]!) sum += tall * wide * values[y * width + x]!;
      result[row * columns + column] = sum;
    }
  return {values: result, width: columns, height: rows};
}

/** For each new cell, the old cells that it covers, with the fraction of it that each of them is. */
function overlaps(from: number, to: number): [number, number][][] {
  return Array.from({length: to}, (_, at) => {
    const [begin, end] = [(at * from) / to, ((at + 1) * from) / to];
    const covered: [number, number][] = [];
    for (let cell = Math.floor(begin); cell < Math.min(from, Math.ceil(end)); cell++) {
      const part = Math.min(end, cell + 1) - Math.max(begin, cell);
      if (part > 1e-9) covered.push([cell, part / (end - begin)]);
    }
    return covered;
  });
}

/** Shrinks a map to at most `side` values along its longer side. */
export function shrink(map: SignedMap, side: number): SignedMap {
  const factor = side / Math.max(map.width, map.height);
  if (factor >= 1) return map;
  const sized = (length: number): number => Math.max(1, Math.round(length * factor));
  return resample(map, sized(map.width), sized(map.height));
}

/** Returns the value at the end of a map's colour scale; 0 for a map of zeros. */
export function scaleOf({values}: SignedMap): number {
  const sizes = values.map(Math.abs).sort();
  return sizes[Math.floor((1 - beyond) * (sizes.length - 1))] || (sizes.at(-1) ?? 0);
}

/**
 * Draws the values of one sign in its colour, the largest opaque.
 *
 * @returns A PNG of one pixel per value as a data URI; undefined if there is no value of the sign.
 */
export async function signUri(
  {values, width, height}: SignedMap,
  scale: number,
  sign: keyof typeof signs,
): Promise<string | undefined> {
  const opacity = values.map((value) => opacityOf(value, scale, sign));
  if (!opacity.some((alpha) => alpha > 1 / 64)) return undefined;
  const [red, green, blue] = signs[sign];
  const pixels = Buffer.alloc(4 * values.length);
  for (const [at, alpha] of opacity.entries())
    // Sixteen steps look the same and take half the bytes.
    pixels.set([red, green, blue, (Math.round(alpha * 16) / 16) * 255], 4 * at);
  const png = await sharp(pixels, {raw: {width, height, channels: 4}})
    .png({palette: true, colours: 17, dither: 0, effort: 10, compressionLevel: 9})
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}

/**
 * Lays a map over an image, which turns grey.
 *
 * @param image An encoded image.
 * @param strength Opacity of the map, 0 to 1.
 * @param width Width of the result in pixels.
 * @returns A JPEG as a data URI.
 */
export async function compositeUri(
  image: Uint8Array,
  map: SignedMap,
  scale: number,
  strength: number,
  width: number,
): Promise<string> {
  const {data, info} = await sharp(image)
    .resize({width})
    .greyscale()
    .extractChannel(0)
    .raw()
    .toBuffer({resolveWithObject: true});
  const layers = await Promise.all(
    (['support', 'oppose'] as const).map(async (sign) => {
      const alpha = Buffer.from(map.values.map((value) => 255 * opacityOf(value, scale, sign)));
      const size = {width: map.width, height: map.height, channels: 1} as const;
      return sharp(alpha, {raw: size})
        .resize(info.width, info.height, {kernel: 'cubic', fit: 'fill'})
        .extractChannel(0)
        .raw()
        .toBuffer();
    }),
  );
  const pixels = Buffer.alloc(3 * data.length);
  for (const [at, grey] of data.entries())
    for (let channel = 0; channel < 3; channel++) {
      let value = 40 + 0.78 * grey; // little contrast, so that the colours stand out
      for (const [of, sign] of (['support', 'oppose'] as const).entries()) {
        const alpha = (strength * layers[of]![at]!) / 255;
        value += alpha * (signs[sign][channel]! - value);
      }
      pixels[3 * at + channel] = value;
    }
  const jpeg = await sharp(pixels, {raw: {width: info.width, height: info.height, channels: 3}})
    .jpeg({quality: 74, mozjpeg: true})
    .toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}

function opacityOf(value: number, scale: number, sign: keyof typeof signs): number {
  const size = sign === 'support' ? value : -value;
  return scale === 0 ? 0 : strongest * Math.min(1, Math.max(0, size / scale));
}
