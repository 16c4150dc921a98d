/**
 * Writes files and folders that appear whole or not at all: under a temporary name, synced, then renamed, and the parent synced.
 * Each folder has a manifest with the size and SHA-256 of its files, so that later damage is detected before anything is used.
 */
import {createHash} from 'node:crypto';
import {mkdirSync, promises as fs} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {CaptionerError} from '../errors';
import {explainFileError} from '../file-error';
import {quoteValue} from '../quote-value';
import {largestFile, readFileCheckedAsync, type Expected} from './regular-file';
import {finishReplacement, replaceFolder, temporaryName} from './replace-folder';

export type Content = Uint8Array | string;

const manifestName = 'manifest.json';
/** Largest manifest that is read, in bytes: room for thousands of files. */
const largestManifest = 2 ** 20;

interface Manifest {
  readonly version: 1;
  readonly files: Readonly<Record<string, {readonly size: number; readonly sha256: string}>>;
}

export function sha256(bytes: Content): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Writes a file, or replaces it.
 *
 * @throws CaptionerError `no-space` if the disk is full, `not-permitted` and others of `explainFileError`; a previous file at `path` is then unchanged.
 */
export async function writeFileAtomic(path: string, content: Content | Iterable<Content>): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await writeSynced(temporary, content);
    await fs.rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await fs.rm(temporary, {force: true}).catch(() => undefined);
    throw explainFileError(error, path);
  }
}

/**
 * Writes a folder with a manifest, or replaces it.
 *
 * @throws CaptionerError `no-space` if the disk is full, `not-permitted` and others of `explainFileError`; a previous folder is then
 *   unchanged, at the latest when it is read again.
 */
export async function writeFolderAtomic(
  folder: string,
  files: Readonly<Record<string, Content>>,
): Promise<void> {
  finishReplacement(folder);
  const temporary = temporaryName(folder);
  try {
    await fs.mkdir(temporary, {recursive: true});
    const listed: Record<string, {size: number; sha256: string}> = {};
    for (const [name, content] of Object.entries(files)) {
      await writeSynced(join(temporary, name), content);
      listed[name] = {size: Buffer.byteLength(content), sha256: sha256(content)};
    }
    const manifest: Manifest = {version: 1, files: listed};
    await writeSynced(join(temporary, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await syncFolder(temporary);
    await replaceFolder(temporary, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await fs.rm(temporary, {recursive: true, force: true}).catch(() => undefined);
    throw explainFileError(error, folder);
  }
}

/**
 * Reads the files listed in a folder's manifest and verifies each.
 *
 * @throws CaptionerError `not-found`, `truncated`, `checksum`, `header` (the manifest itself) or `version`.
 */
export async function readFolderVerified(folder: string): Promise<Map<string, Buffer>> {
  finishReplacement(folder);
  const listed = await read(folder, manifestName, {code: 'header', largest: largestManifest});
  const manifest = parseManifest(listed, join(folder, manifestName));
  const contents = new Map<string, Buffer>();
  for (const [name, {size, sha256: expected}] of Object.entries(manifest.files)) {
    const where = join(folder, name);
    const bytes = await read(folder, name, {code: 'header', size});
    if (bytes.length !== size)
      throw new CaptionerError('truncated', `${where}: expected ${size} bytes, got ${bytes.length}`);
    const got = sha256(bytes);
    if (got !== expected)
      throw new CaptionerError('checksum', `${where}: expected SHA-256 ${expected}, got ${got}`);
    contents.set(name, bytes);
  }
  return contents;
}

async function read(folder: string, name: string, expected: Expected): Promise<Buffer> {
  try {
    return await readFileCheckedAsync(join(folder, name), expected);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT') throw cause;
    throw new CaptionerError('not-found', `${folder}: expected a file ${name}, found none`, {cause});
  }
}

function parseManifest(bytes: Buffer, where: string): Manifest {
  let manifest: Partial<Manifest> | null;
  try {
    manifest = JSON.parse(bytes.toString('utf8')) as Partial<Manifest> | null;
  } catch (cause) {
    throw new CaptionerError('header', `${where}: expected JSON`, {cause});
  }
  if (manifest?.version !== 1)
    throw new CaptionerError(
      'version',
      `${where}: expected format version 1, got ${quoteValue(manifest?.version)}`,
    );
  const files = Object.entries(manifest.files ?? {});
  const sound = files.every(
    ([name, entry]) =>
      isFileName(name) &&
      Number.isSafeInteger(entry?.size) &&
      entry.size >= 0 &&
      typeof entry.sha256 === 'string',
  );
  if (files.length === 0 || !sound)
    throw new CaptionerError('header', `${where}: expected a name, a size and a SHA-256 for each file`);
  const total = files.reduce((sum, [, {size}]) => sum + size, 0);
  if (total > largestFile)
    throw new CaptionerError(
      'header',
      `${where}: expected files of at most ${largestFile} bytes together, got ${total}`,
    );
  return manifest as Manifest;
}

/** Whether a name stands for a file in the folder itself. */
function isFileName(name: string): boolean {
  return name === basename(name) && name !== '.' && name !== '..' && !/[\x00-\x1f\x7f\\]/.test(name);
}

async function writeSynced(path: string, content: Content | Iterable<Content>): Promise<void> {
  const file = await fs.open(path, 'wx');
  try {
    // Each write continues where the previous one ended.
    const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames in a folder durable: a rename reaches the disk only when its folder does. Ignored by file systems that cannot sync folders. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'EISDIR') throw error;
  }
}

/**
 * Makes a folder and those above it.
 *
 * @returns Whether any of them was missing.
 * @throws CaptionerError `not-permitted` and others of `explainFileError`.
 */
export function makeFolder(folder: string): boolean {
  try {
    return mkdirSync(folder, {recursive: true}) !== undefined;
  } catch (error) {
    throw explainFileError(error, folder);
  }
}
