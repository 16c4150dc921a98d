/**
 * Folders of runs of the same name. A run never takes the folder of another: the second run named `scenes` lies in `scenes-2`, the third
 * in `scenes-3`.
 */
import {existsSync, statSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {lockOwner} from '../files/lock';
import {outputFolder, projectFolder, userPath} from '../paths';
import {
  checkpointsIn,
  checkpointsName,
  holdsCheckpoint,
  holdsOnlyRun,
  holdsSteps,
  namesIn,
  pointedTo,
} from './run-layout';

/** Returns the folder of the first, second, … run of a name. */
export function numberedFolder(base: string, number: number): string {
  return number === 1 ? base : `${base}-${number}`;
}

/**
 * Returns the folder that the next run of a name gets: `base` unless it holds a run already, else the first free of `base-2`, `base-3`, ….
 * A run without a single step, opened and closed again, is not worth keeping: its folder is free.
 *
 * @param suffixes Suffixes of the folders that must be free together, one for each stage of a training.
 */
export function freeFolder(base: string, suffixes: readonly string[] = ['']): string {
  for (let number = 1; ; number++) {
    const folder = numberedFolder(base, number);
    if (suffixes.every((suffix) => isFree(`${folder}${suffix}`, number === 1))) return folder;
  }
}

function isFree(folder: string, asked: boolean): boolean {
  if (!existsSync(folder)) return true;
  if (holdsSteps(folder) || lockOwner(folder) !== undefined) return false;
  // A folder that was named may hold other files; one that is chosen here may not.
  return asked || (!holdsCheckpoint(folder) && holdsOnlyRun(folder));
}

/** A run of several with the same name. */
export interface Sibling {
  /** Folder without the suffix of a stage. */
  readonly folder: string;
  /** Time of the newest checkpoint, in milliseconds. */
  readonly time: number;
}

/** Returns the runs of a name that have a checkpoint, the newest first. */
export function siblings(base: string, suffixes: readonly string[] = ['']): Sibling[] {
  const name = basename(base);
  const found = new Map<string, number>();
  for (const entry of namesIn(dirname(base)))
    for (const suffix of suffixes) {
      if (!entry.endsWith(suffix)) continue;
      const own = entry.slice(0, entry.length - suffix.length);
      if (own !== name && !(own.startsWith(`${name}-`) && /^[1-9]\d*$/.test(own.slice(name.length + 1))))
        continue;
      const time = timeOf(join(dirname(base), entry));
      const folder = join(dirname(base), own);
      if (time !== undefined) found.set(folder, Math.max(time, found.get(folder) ?? 0));
    }
  return Array.from(found, ([folder, time]) => ({folder, time})).sort((a, b) => b.time - a.time);
}

/** Returns the time at which a run saved its newest checkpoint. */
function timeOf(run: string): number | undefined {
  const [newest] = checkpointsIn(run);
  return newest === undefined ? undefined : statSync(join(run, checkpointsName, newest)).mtimeMs;
}

/** Returns the newest run of a name that has a finished epoch, or else the newest that has a checkpoint. */
export function newestRun(base: string): string | undefined {
  const all = siblings(base).map(({folder}) => folder);
  return all.find((folder) => pointedTo(folder, 'best') !== undefined) ?? all[0];
}

/** The folder of a run: the one named by the user, or else one named after the data set; `…-run` if a bundled checkpoint has that name. */
export function runFolder(dataset: {readonly folder: string}, run: string = ''): string {
  if (run !== '') return userPath(run);
  const folder = join(outputFolder(), 'checkpoints', basename(dataset.folder));
  return holdsCheckpoint(folder) ? `${folder}-run` : folder;
}

/**
 * The checkpoint used for a data set: the one named by the user, or else the newest of the user's runs, or else the bundled one. A run that
 * has a finished epoch is preferred.
 */
export function checkpointFolder(dataset: {readonly folder: string}, checkpoint: string = ''): string {
  if (checkpoint !== '') return userPath(checkpoint);
  const run = runFolder(dataset);
  const bundled = join(projectFolder(), 'checkpoints', basename(dataset.folder));
  return newestRun(run) ?? (holdsCheckpoint(bundled) ? bundled : run);
}
