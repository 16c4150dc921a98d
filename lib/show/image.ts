/** Thumbnails to embed in a page, from files, encoded images or raw pixels. */
import sharp from 'sharp';
import {decodeImage, readImageFile} from '../encoders/image-guard';
import {CaptionerError} from '../errors';

/** Raw RGB pixels, as `readPixels` returns them. */
export interface Pixels {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A file path, an encoded image (JPEG, PNG, …) or raw pixels. */
export type ImageSource = string | Uint8Array | Pixels;

export interface Thumbnail {
  /** A JPEG as a data URI. */
  readonly uri: string;
  readonly width: number;
  readonly height: number;
  /** Why the image can't be shown; undefined for a whole one. */
  readonly damage?: string;
}

/**
 * Creates a JPEG thumbnail, oriented by EXIF, with transparent parts on white.
 *
 * @param width Maximum width and height in pixels.
 * @param fit `crop` for the square in the middle, as encoders that crop see it.
 * @throws CaptionerError `image` or `not-found` when the image can't be read.
 */
export async function thumbnail(
  image: ImageSource,
  width = 320,
  fit: 'inside' | 'crop' = 'inside',
): Promise<Thumbnail> {
  const shrink = (input: sharp.Sharp): Promise<{data: Buffer; info: sharp.OutputInfo}> =>
    input
      .resize({
        width,
        height: width,
        fit: fit === 'crop' ? 'cover' : fit,
        withoutEnlargement: fit === 'inside',
      })
      .jpeg({quality: 82, mozjpeg: true})
      .toBuffer({resolveWithObject: true});
  const {data, info} = await opened(image, shrink);
  const uri = `data:image/jpeg;base64,${data.toString('base64')}`;
  return {uri, width: info.width, height: info.height};
}

async function opened<T>(image: ImageSource, output: (input: sharp.Sharp) => Promise<T>): Promise<T> {
  if (typeof image === 'string') return decodeImage(await readImageFile(image), image, output);
  if (image instanceof Uint8Array)
    return decodeImage(Buffer.from(image.buffer, image.byteOffset, image.byteLength), 'image', output);
  const {pixels, width, height} = image;
  try {
    return await output(sharp(pixels, {raw: {width, height, channels: 3}}).toColourspace('srgb'));
  } catch (error) {
    throw new CaptionerError('image', `expected RGB pixels: ${(error as Error).message}`, {cause: error});
  }
}

/**
 * Creates a thumbnail in place of an image that can't be read: grey and crossed out.
 *
 * @param error What `thumbnail` threw.
 * @throws The error, when it is another than that an image can't be read.
 */
export function damagedThumbnail(error: unknown): Thumbnail {
  if (!(error instanceof CaptionerError)) throw error;
  // The file's name is enough: its folder is nobody's business but the author's.
  const damage = error.message.replace(/(?:[A-Za-z]:)?(?:[\\/][^\s\\/:]+)*[\\/](?=[^\s\\/]+\.)/g, '');
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 90" width="120" height="90"><rect width="120" height="90" fill="#858c96" fill-opacity=".18"/><path d="M40 25l40 40M80 25l-40 40" stroke="#d9485f" stroke-width="5" stroke-linecap="round"/></svg>';
  return {
    uri: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`,
    width: 120,
    height: 90,
    damage,
  };
}

/** Returns a thumbnail as a data URI, see `thumbnail`. */
export async function imageUri(image: ImageSource, width = 320): Promise<string> {
  return (await thumbnail(image, width)).uri;
}
