/**
 * An image file becomes pixels. Only JPEG, PNG, WebP and the first frame of a GIF are decoded, told by their content; what
 * is damaged, hostile or of another kind is refused with a reason, so that a caller can put it aside and go on.
 */
import {readFile, stat} from 'node:fs';
import {promisify} from 'node:util';
import sharp from 'sharp';
import type {Preprocessing} from './encoder';
import {CaptionerError} from '../errors';

// These ask less of the thread of JavaScript than those of `fs.promises`, which shows with hundreds of images a second.
const statFile = promisify(stat);
const readWhole = promisify(readFile);

/** How files of each kind begin. What begins otherwise never reaches a decoder: SVG and PDF would be drawn too. */
const formats: Readonly<Record<string, RegExp>> = {
  JPEG: /^\xff\xd8\xff/,
  PNG: /^\x89PNG\r\n\x1a\n/,
  WebP: /^RIFF[^]{4}WEBP/,
  GIF: /^GIF8[79]a/,
};
// Many images are decoded side by side, and none twice.
sharp.concurrency(1);
sharp.cache(false);

const pixelLimit = 50_000_000;
const byteLimit = 256 * 1024 * 1024;
const secondLimit = 10;

/**
 * Reads an image as an encoder sees it: decoded, upright, and scaled as the preprocessing says.
 *
 * @returns Red, green and blue of each pixel, row by row: `size × size × 3` bytes. EXIF orientation is applied,
 *   transparent parts become white, grey and CMYK become RGB, 16 bits become 8.
 * @throws CaptionerError `image`, or `not-found`.
 */
export async function readPixels(file: string, preprocessing: Preprocessing): Promise<Uint8Array> {
  return decodePixels(await readImageFile(file), file, preprocessing);
}

/**
 * The same for bytes that were read already.
 *
 * @param where The file's name, for messages.
 */
export async function decodePixels(
  bytes: Buffer,
  where: string,
  {size, fit, interpolation}: Preprocessing,
): Promise<Uint8Array> {
  const pixels = await decode(bytes, where, (image) =>
    image
      .resize(size, size, {
        fit: fit === 'stretch' ? 'fill' : 'cover',
        kernel: interpolation,
        fastShrinkOnLoad: false, // it would shrink a JPEG by another filter first
      })
      .raw({depth: 'uchar'})
      .toBuffer(),
  );
  if (pixels.length !== size * size * 3)
    throw new CaptionerError(
      'image',
      `${where}: expected three channels, got ${pixels.length / (size * size)}`,
    );
  return pixels;
}

/**
 * Reads an image, scaled down and upright, as a JPEG.
 *
 * @param width At most so many pixels wide.
 * @returns A JPEG to show.
 * @throws CaptionerError `image`, or `not-found`.
 */
export async function readImage(file: string, width = 320): Promise<Buffer> {
  return decode(await readImageFile(file), file, (image) =>
    image.resize({width, withoutEnlargement: true}).jpeg({quality: 85}).toBuffer(),
  );
}

/**
 * The bytes of a file that may be an image; what they hold is not looked at yet.
 *
 * @throws CaptionerError `image`, or `not-found`.
 */
export async function readImageFile(file: string): Promise<Buffer> {
  try {
    // Asked first, because a device or a pipe would be read for ever.
    const found = await statFile(file);
    if (!found.isFile())
      return refuse(file, `expected an image, got a ${found.isDirectory() ? 'folder' : 'device'}`);
    if (found.size > byteLimit) return refuse(file, `expected at most 256 MB, got ${found.size} bytes`);
    return await readWhole(file);
  } catch (error) {
    if (error instanceof CaptionerError) throw error;
    const {code, message} = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new CaptionerError('not-found', `${file}: expected an image, found nothing`, {cause: error});
    return refuse(file, `cannot be read: ${message}`, error);
  }
}

async function decode(
  bytes: Buffer,
  where: string,
  use: (image: sharp.Sharp) => Promise<Buffer>,
): Promise<Buffer> {
  if (bytes.length === 0) return refuse(where, 'expected an image, got an empty file');
  const beginning = bytes.toString('latin1', 0, 12);
  if (!Object.values(formats).some((format) => format.test(beginning)))
    return refuse(where, `expected ${Object.keys(formats).join(', ')}, got something else`);
  try {
    const image = sharp(bytes, {limitInputPixels: pixelLimit, failOn: 'error', pages: 1});
    return await use(
      image
        .autoOrient()
        .flatten({background: '#ffffff'})
        .toColourspace('srgb')
        .timeout({seconds: secondLimit}),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    if (/pixel limit/i.test(reason))
      return refuse(where, 'expected at most 50 million pixels, got more', error);
    if (/timeout/i.test(reason)) return refuse(where, `took longer than ${secondLimit} s to decode`, error);
    return refuse(where, `cannot be decoded: ${reason}`, error);
  }
}

function refuse(where: string, reason: string, cause?: unknown): never {
  throw new CaptionerError('image', `${where}: ${reason}`, {cause});
}
