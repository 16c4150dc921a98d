/**
 * A picture file becomes pixels. Only JPEG, PNG, WebP and the first frame of a GIF are decoded, told by their content; what
 * is damaged, hostile or of another kind is refused with a reason, so that a caller can put it aside and go on.
 */
import {promises as fs} from 'node:fs';
import sharp from 'sharp';
import type {Preprocessing} from '../encoders/encoder';
import {CaptionerError} from '../errors';

/** How files of each kind begin. What begins otherwise never reaches a decoder: SVG and PDF would be drawn too. */
const formats: Readonly<Record<string, RegExp>> = {
  JPEG: /^\xff\xd8\xff/,
  PNG: /^\x89PNG\r\n\x1a\n/,
  WebP: /^RIFF[^]{4}WEBP/,
  GIF: /^GIF8[79]a/,
};
const pixelLimit = 50_000_000;
const secondLimit = 10;

/**
 * @returns Red, green and blue of each pixel, row by row: `size × size × 3` bytes. EXIF orientation is applied,
 *   transparent parts become white, grey and CMYK become RGB.
 * @throws CaptionerError `image`, or `not-found`.
 */
export async function readPixels(
  file: string,
  {size, fit, interpolation}: Preprocessing,
): Promise<Uint8Array> {
  return decode(file, (picture) =>
    picture
      .resize(size, size, {
        fit: fit === 'stretch' ? 'fill' : 'cover',
        kernel: interpolation,
        fastShrinkOnLoad: false, // it would shrink a JPEG by another filter first
      })
      .raw()
      .toBuffer(),
  );
}

/**
 * @param width At most so many pixels wide.
 * @returns A JPEG to show.
 * @throws CaptionerError `image`, or `not-found`.
 */
export async function readPicture(file: string, width = 320): Promise<Buffer> {
  return decode(file, (picture) =>
    picture.resize({width, withoutEnlargement: true}).jpeg({quality: 85}).toBuffer(),
  );
}

async function decode(file: string, use: (picture: sharp.Sharp) => Promise<Buffer>): Promise<Buffer> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new CaptionerError('image', `${file}: ${reason}`, {cause});
  };
  const bytes = await fs.readFile(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new CaptionerError('not-found', `${file}: expected an image, found nothing`);
    return refuse(cause.code === 'EISDIR' ? 'expected an image, got a folder' : cause.message, cause);
  });
  if (bytes.length === 0) refuse('expected an image, got an empty file');
  const beginning = bytes.toString('latin1', 0, 12);
  if (!Object.values(formats).some((format) => format.test(beginning)))
    refuse(`expected ${Object.keys(formats).join(', ')}, got something else`);
  const picture = sharp(bytes, {limitInputPixels: pixelLimit, failOn: 'error', animated: false, pages: 1});
  try {
    const {width, height} = await picture.metadata();
    if (width * height > pixelLimit)
      refuse(`expected at most 50 million pixels, got ${width} × ${height}`);
    return await use(
      picture.autoOrient().flatten({background: '#ffffff'}).toColourspace('srgb').timeout({seconds: secondLimit}),
    );
  } catch (error) {
    if (error instanceof CaptionerError) throw error;
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return refuse(`cannot be decoded: ${reason}`, error);
  }
}
