/**
 * Opens and reads untrusted files. Only a regular file is read, since a device or a pipe would never end, and only after its size was
 * compared with what is expected and with what a buffer can hold.
 */
import {closeSync, constants, fstatSync, openSync, promises as fs, readSync, type Stats} from 'node:fs';
import {CaptionerError, type ErrorCode} from '../errors';
import {explainFileError} from '../file-error';

/** Largest file that is read at once, in bytes. */
export const largestFile: number = 2 ** 31 - 1;

/** Requirements that a file has to meet before it is read. */
export interface Expected {
  /** Code of the error for anything but a regular file of at most `largest` bytes. */
  readonly code: ErrorCode;
  /** In bytes. @default largestFile */
  readonly largest?: number;
  /** Exact size in bytes; another one is refused as `truncated`. */
  readonly size?: number;
}

// Without it, opening a pipe for reading would wait for a writer.
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a regular file for reading.
 *
 * @returns Its descriptor and its state; the caller closes it.
 * @throws CaptionerError of the expected code; Node's own error where the file cannot be opened.
 */
export function openFileSync(file: string, expected: Expected): {descriptor: number; stats: Stats} {
  const descriptor = openSync(file, flags);
  try {
    const stats = fstatSync(descriptor);
    checkStats(file, stats, expected);
    return {descriptor, stats};
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/**
 * Opens a regular file for reading, like `openFileSync`.
 *
 * @throws CaptionerError of the expected code; Node's own error where the file cannot be opened.
 */
export async function openFile(
  file: string,
  expected: Expected,
): Promise<{handle: fs.FileHandle; stats: Stats}> {
  const handle = await fs.open(file, flags);
  try {
    const stats = await handle.stat();
    checkStats(file, stats, expected);
    return {handle, stats};
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads a regular file.
 *
 * @throws CaptionerError as `openFileSync`, and those of `explainFileError`; Node's own error where there is no such file.
 */
export function readFileChecked(file: string, expected: Expected): Buffer {
  try {
    const {descriptor, stats} = openFileSync(file, expected);
    try {
      const bytes = Buffer.allocUnsafe(stats.size);
      let done = 0;
      for (let count = -1; count !== 0 && done < bytes.length; done += count)
        count = readSync(descriptor, bytes, done, bytes.length - done, null);
      return bytes.subarray(0, done);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw explainFileError(error, file);
  }
}

/**
 * Reads a regular file, like `readFileChecked`.
 *
 * @throws CaptionerError as `openFile`, and those of `explainFileError`; Node's own error where there is no such file.
 */
export async function readFileCheckedAsync(file: string, expected: Expected): Promise<Buffer> {
  try {
    const {handle, stats} = await openFile(file, expected);
    try {
      const bytes = Buffer.allocUnsafe(stats.size);
      let done = 0;
      for (let count = -1; count !== 0 && done < bytes.length; done += count)
        ({bytesRead: count} = await handle.read(bytes, done, bytes.length - done));
      return bytes.subarray(0, done);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainFileError(error, file);
  }
}

/** Reads a small regular file of UTF-8 text, like `readFileChecked`. */
export function readTextChecked(file: string, expected: Expected): string {
  return readFileChecked(file, expected).toString('utf8');
}

function checkStats(file: string, stats: Stats, {code, largest = largestFile, size}: Expected): void {
  if (!stats.isFile())
    throw new CaptionerError(code, `${file}: expected a regular file, got ${kindOf(stats)}`);
  if (size !== undefined && stats.size !== size)
    throw new CaptionerError('truncated', `${file}: expected ${size} bytes, got ${stats.size}`);
  if (stats.size > largest)
    throw new CaptionerError(code, `${file}: expected at most ${largest} bytes, got ${stats.size}`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}
