/** Removes runs: only what training wrote, so that notes or exports that lie in the folder of a run are kept. Loads no TensorFlow. */
import {randomBytes} from 'node:crypto';
import {existsSync, promises as fs, readdirSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {CaptionerError} from '../errors';
import {lockFolder, lockOwner} from '../files/lock';
import {shortPath, userPath} from '../paths';
import {removeEventFiles} from './event-files';
import {
  checkpointFiles,
  checkpointsIn,
  checkpointsName,
  holdsCheckpoint,
  isRun,
  leftoverName,
  metricsName,
  namesIn,
  pointers,
  provenanceName,
  trialName,
} from './run-layout';

/** Result of `removeRun`. */
export interface RemovedRun {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** Files in it that no run made, relative to the folder; they are still there. Empty where the folder is gone. */
  readonly kept: readonly string[];
}

/**
 * Removes a run: its checkpoints, logs and event files. Files that a run doesn't make are kept, and then the folder too.
 *
 * @param folder Folder of the run, relative to where the command was given.
 * @returns The files that are kept.
 * @throws CaptionerError `not-found` when there is no run; `mismatch` for a standalone checkpoint; `locked` while it is open.
 * @example
 * await removeRun('checkpoints/scenes-2');
 */
export async function removeRun(folder: string): Promise<RemovedRun> {
  const path = userPath(folder);
  checkRemovable(path);
  const lock = lockFolder(path);
  try {
    await clearRun(path);
  } finally {
    lock.release();
  }
  for (const one of [join(path, checkpointsName), path])
    if (existsSync(one) && readdirSync(one).length === 0) await fs.rmdir(one);
  return {folder: path, kept: filesIn(path).sort()};
}

/** Removes what a run wrote into its folder, which the caller has locked. */
export async function clearRun(run: string): Promise<void> {
  for (const file of [...pointers, metricsName, provenanceName, trialName])
    await fs.rm(join(run, file), {force: true});
  for (const name of checkpointsIn(run)) await removeCheckpoint(join(run, checkpointsName, name));
  for (const folder of [run, join(run, checkpointsName)]) await removeLeftovers(folder);
  await removeEventFiles(run);
}

/** Removes temporary files of a process that was killed. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of namesIn(folder))
    if (leftoverName.test(name)) await fs.rm(join(folder, name), {recursive: true, force: true});
}

/** Renames before removing, so a half-removed checkpoint never appears under its name. Keeps a folder that holds other files. */
export async function removeCheckpoint(path: string): Promise<void> {
  if (!readdirSync(path).every((file) => checkpointFiles.includes(file))) return;
  const name = relative(dirname(path), path);
  const aside = join(dirname(path), `.${name}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  await fs.rename(path, aside);
  await fs.rm(aside, {recursive: true, force: true});
}

/** @throws CaptionerError as `removeRun` */
export function checkRemovable(path: string): void {
  const where = shortPath(path);
  if (!existsSync(path)) throw new CaptionerError('not-found', `${where}: expected a run, found nothing`);
  if (holdsCheckpoint(path))
    throw new CaptionerError(
      'mismatch',
      `${where}: expected a run, found a checkpoint; delete its folder yourself if it is not needed`,
    );
  const owner = lockOwner(path);
  if (owner !== undefined)
    throw new CaptionerError(
      'locked',
      owner === process.pid
        ? `${where}: this run is open in this process; close its trainer first`
        : `${where}: process ${owner} is training this run; stop it first`,
    );
  if (isRun(path)) return;
  const runs = namesIn(path).filter((name) => isRun(join(path, name)));
  const found = runs.length > 0 ? `a folder with the runs ${runs.join(', ')}; name one of them` : 'none';
  throw new CaptionerError('not-found', `${where}: expected a run, found ${found}`);
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
