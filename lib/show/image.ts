/** Images made small enough to be embedded in a page, from files, encoded bytes or the pixels an encoder sees. */
import sharp from 'sharp';
import {CaptionerError} from '../errors';

/** Raw RGB, as `readPixels` gives them. */
export interface Pixels {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A file's path, an encoded image (JPEG, PNG, …) or pixels. */
export type ImageSource = string | Uint8Array | Pixels;

const limits = {limitInputPixels: 50e6, failOn: 'error'} as const;

export interface Thumbnail {
  /** A JPEG as a data URI. */
  readonly uri: string;
  readonly width: number;
  readonly height: number;
}

/**
 * A JPEG at most `width` wide and high, upright, on white where it was transparent.
 *
 * @throws CaptionerError `image`, when the image cannot be read.
 */
export async function thumbnail(image: ImageSource, width = 320): Promise<Thumbnail> {
  const input =
    typeof image === 'string' || image instanceof Uint8Array
      ? sharp(image, limits)
      : sharp(image.pixels, {raw: {width: image.width, height: image.height, channels: 3}});
  const {data, info} = await input
    .autoOrient()
    .resize({width, height: width, fit: 'inside', withoutEnlargement: true})
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

/** The thumbnail's data URI. */
export async function imageUri(image: ImageSource, width = 320): Promise<string> {
  return (await thumbnail(image, width)).uri;
}
