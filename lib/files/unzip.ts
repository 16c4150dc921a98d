/**
 * Unpacks an untrusted ZIP archive: all entries are checked before any is written, each is verified by size and CRC-32 while it is
 * written, and the files appear in their folder only when all are complete.
 */
import {promises as fs} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import type {Readable} from 'node:stream';
import {crc32} from 'node:zlib';
import {fromBufferPromise, openPromise, type Entry, type ZipFile} from 'yauzl';
import {CaptionerError} from '../errors';
import {explainFileError} from '../file-error';
import {syncFolder} from './atomic';

export interface UnzipOptions {
  /** Returns the path to unpack an entry to, or undefined to leave it out. @default the entry's name */
  readonly rename?: (name: string) => string | undefined;
  /** Maximum size of one file in bytes. @default 1 GiB */
  readonly entryLimit?: number;
  /** Maximum size of all files in bytes. @default 8 GiB */
  readonly totalLimit?: number;
  /** Maximum compression ratio of a file above 1 MiB. @default 200 */
  readonly ratio?: number;
  /** Called after each file with the number of files done; may throw to end the unpacking. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

type Fail = (message: string) => never;
type Wanted = ReadonlyMap<string, Entry>;

/**
 * Unpacks an archive into a folder, replacing files of the same names. If the archive is refused or damaged, the folder is left
 * unchanged. The caller ensures that no other process unpacks the same archive to the same folder.
 *
 * @returns The paths of the files in `folder`.
 * @throws CaptionerError `archive`, `not-found` or `no-space`.
 */
export async function unzip(archive: string, folder: string, options: UnzipOptions = {}): Promise<string[]> {
  const fail: Fail = (message) => {
    throw new CaptionerError('archive', `${archive}: ${message}`);
  };
  const zip = await open(archive, fail);
  const temporary = join(folder, `.${basename(archive)}.tmp`);
  try {
    const wanted = await inspect(zip, options, fail);
    await fs.rm(temporary, {recursive: true, force: true}); // left by a killed process
    await fs.mkdir(temporary, {recursive: true});
    let done = 0;
    for (const [path, entry] of wanted) {
      await fs.mkdir(dirname(join(temporary, path)), {recursive: true});
      await extract(zip, entry, join(temporary, path), fail);
      options.onProgress?.(++done, wanted.size);
    }
    await moveInto(temporary, folder, fail);
    return [...wanted.keys()];
  } catch (error) {
    throw explainFileError(error, folder);
  } finally {
    zip.close();
    await fs.rm(temporary, {recursive: true, force: true});
  }
}

/**
 * Reads an archive that is in memory, with the same checks.
 *
 * @param where Name of the archive, for messages.
 * @returns The contents of its files by path.
 * @throws CaptionerError `archive`
 */
export async function readZip(bytes: Buffer, where: string): Promise<Map<string, Buffer>> {
  const fail: Fail = (message) => {
    throw new CaptionerError('archive', `${where}: ${message}`);
  };
  const zip = await fromBufferPromise(bytes, {strictFileNames: true}).catch((cause: unknown) =>
    fail(`expected a ZIP archive: ${(cause as Error).message}`),
  );
  const files = new Map<string, Buffer>();
  for (const [path, entry] of await inspect(zip, {}, fail)) {
    const parts: Buffer[] = [];
    await eachChunk(zip, entry, fail, (chunk) => void parts.push(chunk));
    files.set(path, Buffer.concat(parts));
  }
  return files;
}

async function open(archive: string, fail: Fail): Promise<ZipFile> {
  try {
    return await openPromise(archive, {strictFileNames: true, autoClose: false});
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CaptionerError('not-found', `${archive}: expected a ZIP archive, found nothing`, {cause});
    return fail(`expected a ZIP archive: ${(cause as Error).message}`);
  }
}

/** Checks all entries. @returns The entry of each path to be written. */
async function inspect(zip: ZipFile, options: UnzipOptions, fail: Fail): Promise<Wanted> {
  const {rename = (name) => name, entryLimit = 2 ** 30, totalLimit = 2 ** 33, ratio = 200} = options;
  const wanted = new Map<string, Entry>();
  const names = new Names(fail);
  let [total, packed] = [0, 0];
  for await (const entry of entries(zip, fail)) {
    const {fileName: name, uncompressedSize: size, compressedSize} = entry;
    checkName(name, fail);
    checkMode(entry, fail);
    const path = name.endsWith('/') ? undefined : rename(name);
    if (path === undefined) continue;
    names.add(path);
    if (entry.isEncrypted()) fail(`expected files that are not encrypted, but ${name} is`);
    if (!entry.canDecodeFileData())
      fail(`expected ${name} stored or deflated, got compression method ${entry.compressionMethod}`);
    if (size > entryLimit) fail(`expected files of at most ${entryLimit} bytes, but ${name} has ${size}`);
    if (size > 2 ** 20 && size > ratio * compressedSize)
      fail(
        `expected files of at most ${ratio} times their packed size, but ${name} has ${size} bytes of ${compressedSize}`,
      );
    total += size;
    packed += compressedSize;
    if (total > totalLimit) fail(`expected at most ${totalLimit} bytes in all, got more`);
    wanted.set(path, entry);
  }
  // Entries that share packed bytes can make a small archive expand without limit, whatever the ratio of each.
  if (packed > zip.fileSize)
    fail(`expected entries that do not overlap, but ${packed} bytes are packed in ${zip.fileSize}`);
  return wanted;
}

/** Converts yauzl's errors, such as for paths that leave the folder, to `CaptionerError`s. */
async function* entries(zip: ZipFile, fail: Fail): AsyncGenerator<Entry> {
  const each = zip.eachEntry();
  for (;;) {
    const next = await each.next().catch((error: Error) => fail(error.message));
    if (next.done) return;
    yield next.value;
  }
}

function checkName(name: string, fail: Fail): void {
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  const parts = name.replace(/\/$/, '').split('/');
  const long = Buffer.byteLength(name) > 1024 || parts.some((part) => Buffer.byteLength(part) > 255);
  if (long) fail(`expected shorter names, got ${shown}`);
  if (/[\x00-\x1f\x7f]/.test(name)) fail(`expected names without control characters, got ${shown}`);
  if (parts.some((part) => part === '' || part === '.')) fail(`expected plain relative names, got ${shown}`);
}

/** Checks the file type in the Unix mode bits; 0 if the archive has none. */
function checkMode({fileName: name, externalFileAttributes}: Entry, fail: Fail): void {
  const type = (externalFileAttributes >>> 28) & 0o17;
  const allowed = name.endsWith('/') ? 0o04 : 0o10;
  if (type === 0 || type === allowed) return;
  const what =
    {0o12: 'a symbolic link', 0o04: 'a folder', 0o10: 'a file'}[type] ?? 'a device, pipe or socket';
  fail(`expected files and folders only, but ${name} is ${what}`);
}

/** Refuses paths that collide on some file system: `a` twice, `A` beside `a`, `a` beside `a/b`. */
class Names {
  readonly #fail: Fail;
  readonly #files = new Map<string, string>();
  readonly #folders = new Map<string, string>();

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  add(path: string): void {
    const key = (text: string): string => text.normalize('NFC').toLowerCase();
    const collide = (other: string): never =>
      this.#fail(`expected names that differ by more than case, got ${other} and ${path}`);
    const other = this.#files.get(key(path)) ?? this.#folders.get(key(path));
    if (other !== undefined) collide(other);
    this.#files.set(key(path), path);
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const folder = path.slice(0, at);
      const known = this.#folders.get(key(folder)) ?? folder;
      const file = this.#files.get(key(folder));
      if (known !== folder || file !== undefined) collide(file ?? known);
      this.#folders.set(key(folder), folder);
    }
  }
}

async function extract(zip: ZipFile, entry: Entry, path: string, fail: Fail): Promise<void> {
  const file = await fs.open(path, 'wx');
  try {
    await eachChunk(zip, entry, fail, (chunk) => file.writeFile(chunk));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Calls back with the bytes of an entry, and checks their sum. */
async function eachChunk(
  zip: ZipFile,
  entry: Entry,
  fail: Fail,
  take: (chunk: Buffer) => void | Promise<void>,
): Promise<void> {
  const bad = (error: Error): never => fail(`${entry.fileName}: ${error.message}`);
  let stream: Readable | undefined;
  try {
    // Read immediately: yauzl emits an error once, and only to listeners already attached.
    stream = await zip.openReadStreamPromise(entry).catch(bad);
    stream.on('error', () => undefined); // a second error after reading has ended would end the process
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    let sum = 0;
    for (;;) {
      const next = await chunks.next().catch(bad);
      if (next.done) break;
      sum = crc32(next.value, sum);
      await take(next.value);
    }
    if (sum !== entry.crc32) fail(`${entry.fileName}: expected CRC-32 ${hex(entry.crc32)}, got ${hex(sum)}`);
  } finally {
    stream?.destroy();
  }
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

/** Moves files by renaming, so that none is ever visible half-written; a new folder appears as a whole. */
async function moveInto(from: string, to: string, fail: Fail): Promise<void> {
  for (const name of await fs.readdir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const isFolder = (await fs.stat(source)).isDirectory();
    const there = await fs.stat(target).catch(() => undefined);
    if (there && there.isDirectory() !== isFolder)
      fail(`expected ${target} to be ${isFolder ? 'a folder' : 'a file'} or absent`);
    if (there && isFolder) await moveInto(source, target, fail);
    else await fs.rename(source, target);
  }
  await syncFolder(to);
}
