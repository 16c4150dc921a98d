/** Replaces a folder so that at each moment, and after a crash at any, the old or the new one is found whole under its name. */
import {randomBytes} from 'node:crypto';
import {existsSync, promises as fs, readdirSync, renameSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {explainFileError} from '../file-error';

/** Returns the path of the old folder while a new one takes its place; the next reader finds it there after a crash. */
function previousOf(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.previous`);
}

/**
 * Gives a folder the name of another one, which is removed. The old one is moved aside first, since a folder can't be renamed onto one that
 * has files. After a crash between the two renames, `finishReplacement` puts it back.
 */
export async function replaceFolder(from: string, to: string): Promise<void> {
  const previous = previousOf(to);
  for (let attempt = 1; ; attempt++) {
    if (!existsSync(to)) {
      await fs.rename(from, to);
      return;
    }
    // One that a crash left beside a folder that is whole.
    await remove(previous, to);
    await fs.rename(to, previous);
    try {
      await fs.rename(from, to);
    } catch (error) {
      // A reader that came in between has put the old one back.
      const raced = ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');
      if (raced && attempt < 10) continue;
      // Where this fails too, the next reader does it.
      if (!raced) await fs.rename(previous, to).catch(() => undefined);
      throw error;
    }
    // The new one is in place; what is left of the old one does no harm.
    await remove(previous, to).catch(() => undefined);
    return;
  }
}

/** Removes the old folder, under a name by which no reader takes a half-removed one for whole. */
async function remove(previous: string, folder: string): Promise<void> {
  const aside = temporaryName(folder);
  try {
    await fs.rename(previous, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await fs.rm(aside, {recursive: true, force: true});
}

/**
 * Puts a folder back that was moved aside by a process that was killed before the new one took its place. Call it before looking whether
 * a folder that `writeFolderAtomic` writes is there.
 *
 * @throws CaptionerError `not-permitted` and others of `explainFileError`.
 */
export function finishReplacement(folder: string): void {
  const previous = previousOf(folder);
  if (existsSync(folder) || !existsSync(previous)) return;
  try {
    renameSync(previous, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw explainFileError(error, folder);
  }
}

/** Puts back every folder that was moved aside in a folder, see `finishReplacement`. */
export function finishReplacements(parent: string): void {
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const [, folder] = /^\.(.+)\.previous$/.exec(name) ?? [];
    if (folder !== undefined) finishReplacement(join(parent, folder));
  }
}

/** Returns a name beside a path under which nothing lies yet. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
}
