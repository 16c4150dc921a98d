/**
 * The guard before every decoding of an image file: regular files of the supported formats, recognised by content, within limits of bytes,
 * pixels and time. Nothing else in the library decodes images that it did not make. Loads no TensorFlow.
 */
import {readFile, stat} from 'node:fs';
import {promisify} from 'node:util';
import sharp from 'sharp';
import {grouped} from '../description';
import {CaptionerError} from '../errors';
import {inTar, isRemoteFile, readTarFile} from '../files/tar-files';

// Cheaper on the main thread than `fs.promises`, which matters at hundreds of images a second.
const statFile = promisify(stat);
const readWhole = promisify(readFile);

/** Signatures of the supported formats. All other files are rejected before decoding: libvips would also render SVG and PDF. */
const formats: Readonly<Record<string, RegExp>> = {
  JPEG: /^\xff\xd8\xff/,
  PNG: /^\x89PNG\r\n\x1a\n/,
  WebP: /^RIFF[^]{4}WEBP/,
  GIF: /^GIF8[79]a/,
};
// Images are decoded in parallel, one thread each, and never twice.
sharp.concurrency(1);
sharp.cache(false);

let pixelLimit = 50_000_000;
const byteLimit = 256 * 1024 * 1024;
const secondLimit = 10;

/**
 * Sets the size above which images are refused. A small file can hold a huge image, so the limit protects the memory: decoding takes three
 * bytes a pixel.
 *
 * @param pixels Width times height. @default 50,000,000
 * @throws CaptionerError `options`
 */
export function setPixelLimit(pixels: number): void {
  if (!Number.isSafeInteger(pixels) || pixels < 1 || pixels > 2 ** 32)
    throw new CaptionerError(
      'options',
      `Expected the limit of pixels to be an integer from 1 to 4,294,967,296, got ${pixels}`,
    );
  pixelLimit = pixels;
}

/**
 * Reads the bytes of an image file, or of one in a tar archive, without checking its format.
 *
 * @throws CaptionerError `image`, or `not-found`.
 */
export async function readImageFile(file: string): Promise<Buffer> {
  try {
    if (isRemoteFile(file)) return await readTarFile(file, byteLimit);
    // Checked first: reading a device or a pipe would never end.
    const found = await statFile(file);
    if (!found.isFile())
      return refuse(file, `expected an image, got a ${found.isDirectory() ? 'folder' : 'device'}`);
    if (found.size > byteLimit) return refuse(file, `expected at most 256 MB, got ${found.size} bytes`);
    return await readWhole(file);
  } catch (error) {
    if (error instanceof CaptionerError) throw error;
    const {code, message} = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' && inTar(file)) return readTarFile(file, byteLimit);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new CaptionerError('not-found', `${file}: expected an image, found nothing`, {cause: error});
    return refuse(file, `cannot be read: ${message}`, error);
  }
}

/**
 * Decodes an untrusted image within the limits of formats, pixels and time. Applies the EXIF orientation and puts
 * transparent images on white.
 *
 * @param where The file's name, for messages.
 * @param output Resizes and encodes the image.
 * @throws CaptionerError `image`
 */
export async function decodeImage<T>(
  bytes: Buffer,
  where: string,
  output: (image: sharp.Sharp) => Promise<T>,
): Promise<T> {
  if (bytes.length === 0) return refuse(where, 'expected an image, got an empty file');
  const beginning = bytes.toString('latin1', 0, 12);
  if (!Object.values(formats).some((format) => format.test(beginning)))
    return refuse(where, `expected ${Object.keys(formats).join(', ')}, got something else`);
  try {
    const image = is16Bit(bytes) ? await stretched(bytes) : opened(bytes);
    // Larger images than usual may take longer.
    const seconds = Math.ceil(secondLimit * Math.max(1, pixelLimit / 50_000_000));
    return await output(
      image.autoOrient().flatten({background: '#ffffff'}).toColourspace('srgb').timeout({seconds}),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    if (/pixel limit/i.test(reason))
      return refuse(
        where,
        `expected at most ${grouped(pixelLimit / 1e6)} million pixels, got more; to raise the limit: --max-megapixels, setPixelLimit`,
        error,
      );
    if (/timeout/i.test(reason)) return refuse(where, `took longer than ${secondLimit} s to decode`, error);
    return refuse(where, `cannot be decoded: ${reason}`, error);
  }
}

function opened(bytes: Buffer): sharp.Sharp {
  return sharp(bytes, {limitInputPixels: pixelLimit, failOn: 'error', pages: 1});
}

/** Whether a file is a PNG of 16 bits a channel; no other of the formats has more than 8. */
function is16Bit(bytes: Buffer): boolean {
  return bytes[0] === 0x89 && bytes[24] === 16;
}

/**
 * Opens a 16-bit image. Cameras and scanners of 10 or 12 bits write their numbers as they are, so that the brightest is a sixteenth of white
 * or less; such an image would be black in 8 bits, and is multiplied by the power of two that its numbers leave unused.
 */
async function stretched(bytes: Buffer): Promise<sharp.Sharp> {
  const {data, info} = await opened(bytes)
    .autoOrient()
    .toColourspace('rgb16')
    .raw({depth: 'ushort'})
    .timeout({seconds: secondLimit})
    .toBuffer({resolveWithObject: true});
  const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const {width, height, channels} = info;
  const hasAlpha = channels === 2 || channels === 4;
  const isColour = (at: number): boolean => !hasAlpha || at % channels !== channels - 1;
  let brightest = 0;
  for (let at = 0; at < values.length; at++)
    if (values[at]! > brightest && isColour(at)) brightest = values[at]!;
  if (brightest === 0 || brightest >= 4096) return opened(bytes);
  const factor = 2 ** (16 - Math.ceil(Math.log2(brightest + 1)));
  for (let at = 0; at < values.length; at++) if (isColour(at)) values[at]! *= factor;
  return sharp(values, {raw: {width, height, channels}, limitInputPixels: pixelLimit});
}

function refuse(where: string, reason: string, cause?: unknown): never {
  throw new CaptionerError('image', `${where}: ${reason}`, {cause});
}
