/** Thumbnails to embed in a page, from files, encoded images or raw pixels. */
import sharp from 'sharp';
import {CaptionerError} from '../errors';

/** Raw RGB pixels, as `readPixels` returns them. */
export interface Pixels {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A file path, an encoded image (JPEG, PNG, …) or raw pixels. */
export type ImageSource = string | Uint8Array | Pixels;

const limits = {limitInputPixels: 50e6, failOn: 'error'} as const;

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
 * @throws CaptionerError `image` when the image can't be read.
 */
export async function thumbnail(
  image: ImageSource,
  width = 320,
  fit: 'inside' | 'crop' = 'inside',
): Promise<Thumbnail> {
  const input =
    typeof image === 'string' || image instanceof Uint8Array
      ? sharp(image, limits)
      : sharp(image.pixels, {raw: {width: image.width, height: image.height, channels: 3}});
  const {data, info} = await input
    .autoOrient()
    .resize({width, height: width, fit: fit === 'crop' ? 'cover' : fit, withoutEnlargement: fit === 'inside'})
    .flatten({background: '#fff'})
    .toColourspace('srgb')
    .jpeg({quality: 82, mozjpeg: true})
    .toBuffer({resolveWithObject: true})
    .catch((error: Error) => {
      const name = typeof image === 'string' ? image : 'image';
      throw new CaptionerError('image', `${name}: expected an image, got: ${error.message}`, {cause: error});
    });
  const uri = `data:image/jpeg;base64,${data.toString('base64')}`;
  return {uri, width: info.width, height: info.height};
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
