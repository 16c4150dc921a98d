/** Pictures made small enough to be embedded in a page, from files, encoded bytes or the pixels an encoder sees. */
import sharp from 'sharp';
import {CaptionerError} from '../errors';

/** Raw RGB, as `readPixels` gives them. */
export interface Pixels {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A file's path, an encoded picture (JPEG, PNG, …) or pixels. */
export type Picture = string | Uint8Array | Pixels;

const limits = {limitInputPixels: 50e6, failOn: 'error'} as const;

/**
 * A JPEG at most `width` wide and high as a data URI, upright, on white where it was transparent.
 *
 * @throws CaptionerError `image`, when it cannot be read.
 */
export async function pictureUri(picture: Picture, width = 320): Promise<string> {
  const input =
    typeof picture === 'string' || picture instanceof Uint8Array
      ? sharp(picture, limits)
      : sharp(picture.pixels, {raw: {width: picture.width, height: picture.height, channels: 3}});
  const jpeg = await input
    .autoOrient()
    .resize({width, height: width, fit: 'inside', withoutEnlargement: true})
    .flatten({background: '#fff'})
    .toColourspace('srgb')
    .jpeg({quality: 82, mozjpeg: true})
    .toBuffer()
    .catch((error: Error) => {
      const name = typeof picture === 'string' ? picture : 'picture';
      throw new CaptionerError('image', `${name}: expected a picture, got: ${error.message}`, {cause: error});
    });
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}
