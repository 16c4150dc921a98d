/**
 * Decodes images on sharp's threads while the network, which blocks the JavaScript thread, encodes the previous ones. Results are in the
 * order of the input, with a reason instead of pixels for a file that can't be read.
 */
import type {Preprocessing} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {sha256} from '../files/atomic';
import {decodePixels, readImageFile} from '../encoders/images';

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

interface Group {
  /** Resolves when all files are read, so that only sharp's work is left. */
  readonly read: Promise<unknown>;
  readonly decoded: Promise<Decoded[]>;
}

/** @param size Images per group; two groups are prefetched while one is being used. */
export async function* prefetchImages(
  images: readonly ImageFile[],
  preprocessing: Preprocessing,
  size: number,
): AsyncGenerator<Decoded> {
  const groups: Group[] = [];
  let next = 0;
  do {
    for (; next < images.length && groups.length < 3; next += size)
      groups.push(startGroup(images.slice(next, next + size), preprocessing));
    const [first, ...ahead] = groups;
    const decoded = (await first?.decoded) ?? [];
    // A file that is still being read would have to wait for the network.
    await Promise.all(ahead.map(({read}) => read));
    yield* decoded;
    groups.shift();
  } while (groups.length > 0 || next < images.length);
}

function startGroup(images: readonly ImageFile[], preprocessing: Preprocessing): Group {
  const reading = images.map(({file}) => settle(readImageFile(file)));
  const decoded = images.map(async ({id, file}, at): Promise<Decoded> => {
    const bytes = await reading[at]!;
    if (bytes instanceof CaptionerError) return {id, reason: reasonOf(bytes, file)};
    const decoding = settle(decodePixels(bytes, file, preprocessing));
    const digest = sha256(bytes);
    const pixels = await decoding;
    if (pixels instanceof CaptionerError) return {id, reason: reasonOf(pixels, file), sha256: digest};
    return {id, pixels, sha256: digest};
  });
  return {read: Promise.all(reading), decoded: Promise.all(decoded)};
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
