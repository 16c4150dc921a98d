/**
 * Decodes images on sharp's threads while the network, which blocks the JavaScript thread, encodes the previous ones. Results are in the
 * order of the input, with a reason or an error instead of pixels for an image that can't be read.
 */
import type {Preprocessing} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {sha256} from '../files/atomic';
import {imageName, type ImageInput} from '../encoders/image-input';
import {decodePixels, readImageBytes, readImageFile} from '../encoders/images';

/** An image to encode, such as an image of a dataset. */
export interface ImageFile {
  readonly id: string;
  readonly file: string;
}

export type Decoded = {readonly id: string} & (
  | {
      readonly pixels: Uint8Array;
      /** SHA-256 of the file. */
      readonly sha256: string;
    }
  | {
      readonly reason: string;
      /** Absent if the file could not be read at all. */
      readonly sha256?: string;
    }
);

/** An image that is being decoded. */
interface Started<T> {
  /** Resolves when the file is read, so that only sharp's work is left. */
  readonly read: Promise<unknown>;
  readonly decoded: Promise<T>;
}

/** @param size Images per group; two groups are prefetched while one is being used. */
export function prefetchImages(
  images: readonly ImageFile[],
  preprocessing: Preprocessing,
  size: number,
): AsyncGenerator<Decoded> {
  return prefetch(images, size, ({id, file}) => {
    const read = settle(readImageFile(file));
    const decode = async (): Promise<Decoded> => {
      const bytes = await read;
      if (bytes instanceof CaptionerError) return {id, reason: reasonOf(bytes, file)};
      const decoding = settle(decodePixels(bytes, file, preprocessing));
      const digest = sha256(bytes);
      const pixels = await decoding;
      if (pixels instanceof CaptionerError) return {id, reason: reasonOf(pixels, file), sha256: digest};
      return {id, pixels, sha256: digest};
    };
    return {read, decoded: decode()};
  });
}

/**
 * Decodes images from files or memory to pixels, or to the error of an image that can't be read.
 *
 * @param size As for `prefetchImages`.
 */
export function prefetchPixels(
  images: readonly ImageInput[],
  preprocessing: Preprocessing,
  size: number,
): AsyncGenerator<Uint8Array | CaptionerError> {
  return prefetch(images, size, (image, at) => {
    const read = settle(readImageBytes(image));
    const decode = async (): Promise<Uint8Array | CaptionerError> => {
      const bytes = await read;
      if (bytes instanceof CaptionerError) return bytes;
      return settle(decodePixels(bytes, imageName(image, at), preprocessing));
    };
    return {read, decoded: decode()};
  });
}

async function* prefetch<Item, T>(
  items: readonly Item[],
  size: number,
  start: (item: Item, at: number) => Started<T>,
): AsyncGenerator<T> {
  const groups: Started<T[]>[] = [];
  let next = 0;
  const startGroup = (): Started<T[]> => {
    const started = items.slice(next, next + size).map((item, at) => start(item, next + at));
    const all = <P>(promises: Promise<P>[]): Promise<P[]> => Promise.all(promises);
    return {read: all(started.map(({read}) => read)), decoded: all(started.map(({decoded}) => decoded))};
  };
  do {
    for (; next < items.length && groups.length < 3; next += size) groups.push(startGroup());
    const [first, ...ahead] = groups;
    const decoded = (await first?.decoded) ?? [];
    // A file that is still being read would have to wait for the network.
    await Promise.all(ahead.map(({read}) => read));
    yield* decoded;
    groups.shift();
  } while (groups.length > 0 || next < items.length);
}

/** Turns an error into a result, so that no promise is rejected before it is awaited. */
async function settle<T>(promise: Promise<T>): Promise<T | CaptionerError> {
  try {
    return await promise;
  } catch (error) {
    return error instanceof CaptionerError
      ? error
      : new CaptionerError('image', String(error), {cause: error});
  }
}

function reasonOf(error: CaptionerError, file: string): string {
  return error.message.startsWith(`${file}: `) ? error.message.slice(file.length + 2) : error.message;
}
