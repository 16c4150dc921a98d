/**
 * Files and folders that appear whole or not at all: written under a temporary name, synced, renamed, the parent synced.
 * A folder carries a manifest with the size and SHA-256 of each of its files, so what was changed or cut short later is
 * found out before anything is read from it.
 */
import {createHash, randomBytes} from 'node:crypto';
import {promises as fs} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {CaptionerError} from '../errors';

export type Content = Uint8Array | string;

const manifestName = 'manifest.json';

interface Manifest {
  readonly version: 1;
  readonly files: Readonly<Record<string, {readonly size: number; readonly sha256: string}>>;
}

export function sha256(bytes: Content): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @throws CaptionerError `no-space` when the disk is full; what lay at `path` is then still there. */
export async function writeFileAtomic(path: string, content: Content | readonly Content[]): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await writeSynced(temporary, content);
    await fs.rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await fs.rm(temporary, {force: true});
    throw spaceError(error, path);
  }
}

/**
 * Writes a new folder; one of the same name is replaced.
 *
 * @throws CaptionerError `no-space` when the disk is full; nothing is left behind.
 */
export async function writeFolderAtomic(
  folder: string,
  files: Readonly<Record<string, Content>>,
): Promise<void> {
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
    await fs.rm(temporary, {recursive: true, force: true});
    throw spaceError(error, folder);
  }
}

/**
 * The files that the manifest of a folder lists, each checked.
 *
 * @throws CaptionerError `not-found`, `truncated`, `checksum`, `header` (the manifest itself) or `version`.
 */
export async function readFolderVerified(folder: string): Promise<Map<string, Buffer>> {
  const manifest = parseManifest(await read(folder, manifestName), join(folder, manifestName));
  const contents = new Map<string, Buffer>();
  for (const [name, {size, sha256: expected}] of Object.entries(manifest.files)) {
    const where = join(folder, name);
    const bytes = await read(folder, name);
    if (bytes.length !== size)
      throw new CaptionerError('truncated', `${where}: expected ${size} bytes, got ${bytes.length}`);
    const got = sha256(bytes);
    if (got !== expected)
      throw new CaptionerError('checksum', `${where}: expected SHA-256 ${expected}, got ${got}`);
    contents.set(name, bytes);
  }
  return contents;
}

async function read(folder: string, name: string): Promise<Buffer> {
  try {
    return await fs.readFile(join(folder, name));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause;
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
      `${where}: expected format version 1, got ${String(manifest?.version)}`,
    );
  const files = Object.entries(manifest.files ?? {});
  const sound = files.every(
    ([name, entry]) =>
      name === basename(name) && Number.isSafeInteger(entry?.size) && typeof entry.sha256 === 'string',
  );
  if (files.length === 0 || !sound)
    throw new CaptionerError('header', `${where}: expected a size and a SHA-256 for each file`);
  return manifest as Manifest;
}

async function writeSynced(path: string, content: Content | readonly Content[]): Promise<void> {
  const file = await fs.open(path, 'wx');
  try {
    // Each goes on where the one before ended.
    const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is on the disk only once its folder is. Some file systems can't sync a folder; there it is left to them. */
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

/** A folder can't be renamed onto one with files in it, so the old one steps aside first. */
async function replaceFolder(from: string, to: string): Promise<void> {
  const aside = temporaryName(to);
  const old = await fs.rename(to, aside).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return false;
    },
  );
  await fs.rename(from, to);
  if (old) await fs.rm(aside, {recursive: true, force: true});
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
}

/** @returns The error, or `no-space` where it says that the disk is full. */
export function spaceError(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error;
  return new CaptionerError('no-space', `${path}: the disk is full; free some space and try again`, {
    cause: error,
  });
}
