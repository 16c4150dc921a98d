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

export interface Thumbnail {
  /** A JPEG as a data URI. */
  readonly uri: string;
  readonly width: number;
  readonly height: number;
}

/**
 * A JPEG at most `width` wide and high, upright, on white where it was transparent.
 *
 * @throws CaptionerError `image`, when the picture cannot be read.
 */
export async function thumbnail(picture: Picture, width = 320): Promise<Thumbnail> {
  const input =
    typeof picture === 'string' || picture instanceof Uint8Array
      ? sharp(picture, limits)
      : sharp(picture.pixels, {raw: {width: picture.width, height: picture.height, channels: 3}});
  const {data, info} = await input
    .autoOrient()
    .resize({width, height: width, fit: 'inside', withoutEnlargement: true})
    .flatten({background: '#fff'})
    .toColourspace('srgb')
    .jpeg({quality: 82, mozjpeg: true})
    .toBuffer({resolveWithObject: true})
    .catch((error: Error) => {
      const name = typeof picture === 'string' ? picture : 'picture';
      throw new CaptionerError('image', `${name}: expected a picture, got: ${error.message}`, {cause: error});
    });
  const uri = `data:image/jpeg;base64,${data.toString('base64')}`;
  return {uri, width: info.width, height: info.height};
}

/** The thumbnail's data URI. */
export async function pictureUri(picture: Picture, width = 320): Promise<string> {
  return (await thumbnail(picture, width)).uri;
}
