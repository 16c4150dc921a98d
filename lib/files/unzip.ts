/**
 * Unpacks a ZIP file that strangers made: everything is checked before anything lies where it belongs, and what is no
 * ordinary file, would land elsewhere, or grows out of all proportion is refused together with the whole archive.
 */
import {createWriteStream, promises as fs} from 'node:fs';
import {dirname, join} from 'node:path';
import {Transform} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {promisify} from 'node:util';
import {crc32} from 'node:zlib';
import {open, type Entry, type Options, type ZipFile} from 'yauzl';
import {CaptionerError} from '../errors';

export interface UnzipOptions {
  /** Where a file goes, by its name in the archive; undefined leaves it out. @default all, as they are named */
  readonly place?: (name: string) => string | undefined;
  /** Bytes that one file may have. @default 1 GB */
  readonly largest?: number;
  /** Bytes that all files may have. @default 8 GB */
  readonly total?: number;
  readonly onProgress?: (done: number, total: number) => void | Promise<void>;
}

const gigabyte = 1024 ** 3;
/** More than text ever shrinks by; below a megabyte nobody is harmed. */
const largestRatio = 200;
const smallEnough = 1024 * 1024;
const openZip = promisify<string, Options, ZipFile>(open);

/**
 * Files that lie there already under the same names are replaced.
 *
 * @returns How many files were unpacked.
 * @throws CaptionerError `archive`; `no-space`. Then nothing has changed but for a hidden folder, which is removed.
 */
export async function unzip(archive: string, folder: string, options: UnzipOptions = {}): Promise<number> {
  await fs.mkdir(folder, {recursive: true});
  const temporary = await fs.mkdtemp(join(folder, '.unpacking-'));
  const fail = (message: string, cause?: unknown): never => {
    throw new CaptionerError('archive', `${archive}: ${message}`, {cause});
  };
  let zip: ZipFile | undefined;
  try {
    zip = await openZip(archive, {
      lazyEntries: true,
      autoClose: false,
      strictFileNames: true,
      validateEntrySizes: true,
    });
    const entries = select(await entriesOf(zip), options, fail);
    for (const [at, [place, entry]] of entries.entries()) {
      await unpack(zip, entry, join(temporary, place), fail);
      await options.onProgress?.(at + 1, entries.length);
    }
    for (const [place] of entries) {
      await fs.mkdir(dirname(join(folder, place)), {recursive: true});
      await fs.rename(join(temporary, place), join(folder, place));
    }
    return entries.length;
  } catch (error) {
    if (error instanceof CaptionerError) throw error;
    const {code, message} = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC')
      throw new CaptionerError('no-space', `${folder}: the disk is full`, {cause: error});
    return fail(`cannot be unpacked: ${message}`, error);
  } finally {
    zip?.close();
    await fs.rm(temporary, {recursive: true, force: true});
  }
}

function entriesOf(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries)).on('error', reject);
    zip.readEntry();
  });
}

/** All entries are looked at, also those that are not wanted: an archive with traps is not trusted at all. */
function select(
  entries: readonly Entry[],
  {place = (name) => name, largest = gigabyte, total = 8 * gigabyte}: UnzipOptions,
  fail: (message: string) => never,
): [place: string, entry: Entry][] {
  const names = new Map<string, string>();
  const chosen: [string, Entry][] = [];
  let sum = 0;
  for (const entry of entries) {
    const {fileName: name, uncompressedSize: size, compressedSize: packed} = entry;
    const folder = name.endsWith('/');
    const kind = (entry.externalFileAttributes >>> 16) & 0o170000;
    if (kind !== 0 && kind !== (folder ? 0o040000 : 0o100000))
      fail(`expected files and folders, found ${name}, which is neither`);
    if (/[\0-\x1f]/.test(name) || name.split('/').some((part) => Buffer.byteLength(part) > 255))
      fail(`expected names of at most 255 bytes without control characters, found ${JSON.stringify(name)}`);
    if (entry.isEncrypted()) fail(`expected files without a password, found ${name}`);
    const same = name.normalize('NFC').toLowerCase();
    if (names.has(same)) fail(`expected each name once, found ${name} and ${names.get(same)}`);
    names.set(same, name);
    sum += size;
    if (size > largest) fail(`expected files of at most ${largest} bytes, found ${name} of ${size}`);
    if (sum > total) fail(`expected at most ${total} bytes in all, found more`);
    if (size > smallEnough && size > largestRatio * packed)
      fail(
        `expected files that shrink by at most ${largestRatio}:1, found ${name}, ${packed} bytes that become ${size}`,
      );
    const to = folder ? undefined : place(name);
    if (to !== undefined) chosen.push([to, entry]);
  }
  return chosen;
}

async function unpack(
  zip: ZipFile,
  entry: Entry,
  file: string,
  fail: (message: string) => never,
): Promise<void> {
  await fs.mkdir(dirname(file), {recursive: true});
  const from = await promisify(
    zip.openReadStream.bind(zip) as (
      entry: Entry,
      done: (error: Error | null, stream: NodeJS.ReadableStream) => void,
    ) => void,
  )(entry);
  let sum = 0;
  const check = new Transform({
    transform(part: Buffer, _, next) {
      sum = crc32(part, sum);
      next(null, part);
    },
  });
  await pipeline(from, check, createWriteStream(file, {flags: 'wx'}));
  if (sum !== entry.crc32)
    fail(`expected ${entry.fileName} with CRC ${entry.crc32.toString(16)}, got ${sum.toString(16)}`);
}
