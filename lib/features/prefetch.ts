/**
 * Images are decoded on sharp's threads while the network, which blocks the thread of JavaScript, works on those before.
 * What comes out is in the order of what went in, with a reason in place of the pixels where a file can't be read.
 */
import type {Preprocessing} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {sha256} from '../files/atomic';
import {decodePixels, readImageFile} from '../encoders/images';

/** An image to encode: what a data set's images have. */
export interface ImageFile {
  readonly id: string;
  readonly file: string;
}

export type Decoded = {readonly id: string} & (
  | {
      readonly pixels: Uint8Array;
      /** Of the bytes that became these pixels. */
      readonly sha256: string;
    }
  | {
      readonly reason: string;
      /** Absent where the file could not be read at all. */
      readonly sha256?: string;
    }
);

interface Group {
  /** All files are read, so the rest is sharp's alone. */
  readonly read: Promise<unknown>;
  readonly decoded: Promise<Decoded[]>;
}

/** @param size Images in a group; two groups are on their way while one is being used. */
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
    // A file that is still being read would wait for the network to be done.
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

/** What is wrong with a file is a result here, so nothing is ever rejected before somebody waits for it. */
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
