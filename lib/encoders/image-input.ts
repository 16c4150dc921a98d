/** Images as calls take them: the path of a file, or the content of one. */
import {types} from 'node:util';
import {CaptionerError} from '../errors';

/** An image in memory, with the content of an image file. */
export interface ImageBytes {
  /** Its name, for results and messages. */
  readonly name: string;
  /** The content of a JPEG, PNG, WebP or GIF file. */
  readonly bytes: Uint8Array;
}

/** The path of an image file, or the content of one, with or without a name. */
export type ImageInput = string | Uint8Array | ImageBytes;

/**
 * Checks the images of a call before any work, since a caller without types may pass anything.
 *
 * @throws CaptionerError `options` for what is no list of images.
 */
export function checkImages(images: readonly ImageInput[]): void {
  if (!Array.isArray(images)) {
    const hint =
      typeof images === 'string' || types.isUint8Array(images) ? '; put it in a list: [image]' : '';
    throw new CaptionerError('options', `Expected a list of images, got ${kindOf(images)}${hint}`);
  }
  for (const [at, image] of images.entries()) checkImage(image, `image ${at + 1} of ${images.length}`);
}

/** @throws CaptionerError `options` for what is no image. */
export function checkImage(image: unknown, where: string): asserts image is ImageInput {
  const named = image as Partial<ImageBytes> | null | undefined;
  if (typeof image === 'string' || types.isUint8Array(image)) return;
  if (typeof named === 'object' && typeof named?.name === 'string' && types.isUint8Array(named.bytes)) return;
  const buffer = types.isAnyArrayBuffer(image) ? '; wrap it: new Uint8Array(buffer)' : '';
  throw new CaptionerError(
    'options',
    `Expected a path, a Uint8Array with the content of an image file, or {name, bytes}, got ${kindOf(image)} (${where})${buffer}`,
  );
}

/** Returns the path of an image, or the name of one in memory; without a name its number in the list, from 1. */
export function imageName(image: ImageInput, at: number): string {
  if (typeof image === 'string') return image;
  return types.isUint8Array(image) ? `image ${at + 1}` : image.name;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return 'a string';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const {name} = (value as {constructor?: {name?: string}}).constructor ?? {};
  return name === undefined || name === 'Object'
    ? 'an object'
    : `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}
