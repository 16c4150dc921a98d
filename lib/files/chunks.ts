/** The bytes of a file, piece by piece, however large it is. */
import {open, type FileHandle} from 'node:fs/promises';
import {CaptionerError} from '../errors';

/** Hears how many bytes of a file have been read. */
export type OnBytes = (bytes: number) => void | Promise<void>;

const size = 256 * 1024;

/**
 * @returns Pieces in their order; each holds only until the next is asked for.
 * @throws CaptionerError `captions` when the file cannot be read.
 */
export async function* chunks(file: string, onBytes?: OnBytes): AsyncGenerator<Buffer> {
  // One buffer for all: those of a stream would wait for the garbage collector by the hundred.
  const buffer = Buffer.alloc(size);
  const handle = await reading(file, open(file));
  try {
    let done = 0;
    for (;;) {
      const count = await reading(file, read(handle, buffer));
      if (count === 0) return;
      yield buffer.subarray(0, count);
      done += count;
      await onBytes?.(done);
    }
  } finally {
    await handle.close();
  }
}

async function read(handle: FileHandle, buffer: Buffer): Promise<number> {
  return (await handle.read(buffer, 0, buffer.length)).bytesRead;
}

async function reading<Out>(file: string, work: Promise<Out>): Promise<Out> {
  try {
    return await work;
  } catch (cause) {
    throw new CaptionerError('captions', `${file}: cannot be read: ${(cause as Error).message}`, {cause});
  }
}
