/** Lists the checkpoints and runs that captions can be written with. Loads no TensorFlow. */
import {statSync} from 'node:fs';
import {basename, join} from 'node:path';
import {CaptionerError} from '../errors';
import {finishReplacements} from '../files/replace-folder';
import {readFileChecked} from '../files/regular-file';
import {largestCard, parseMetadata, type CheckpointMetadata} from './metadata';
import {
  checkpointFile,
  checkpointsName,
  holdsCheckpoint,
  isRun,
  namesIn,
  pointedTo,
  pointers,
} from './run-layout';

/** A checkpoint or a run, as it lies in a folder. */
export interface ListedCheckpoint {
  /** Name of its folder. */
  readonly name: string;
  /** Folder of the checkpoint or the run. */
  readonly folder: string;
  /** Whether it is a run, of which the best checkpoint is loaded. */
  readonly run: boolean;
  /** Folder of the checkpoint that is loaded; absent where there is none yet. */
  readonly checkpoint?: string;
  /** Time of that checkpoint, in milliseconds. */
  readonly time: number;
  /** Description of that checkpoint; absent where it cannot be loaded. */
  readonly metadata?: CheckpointMetadata;
  /** Reason why it cannot be loaded. */
  readonly problem?: string;
}

/** Lists what lies in a folder: checkpoints by name, then runs, the newest first. Other folders are left out. */
export function listCheckpoints(parent: string): ListedCheckpoint[] {
  if (namesIn(parent).length > 0) finishReplacements(parent);
  const names = namesIn(parent).filter((name) => !name.startsWith('.'));
  const found = names.flatMap((name) => findCheckpoint(join(parent, name)) ?? []);
  return found.sort(
    (a, b) => Number(a.run) - Number(b.run) || (a.run ? b.time - a.time : a.name < b.name ? -1 : 1),
  );
}

/** Returns the checkpoint or run in a folder; undefined where there is neither. */
export function findCheckpoint(folder: string): ListedCheckpoint | undefined {
  const run = isRun(folder);
  if (!run && !holdsCheckpoint(folder)) return undefined;
  const about = {name: basename(folder), folder, run};
  const step = pointers.map((pointer) => pointedTo(folder, pointer)).find((name) => name !== undefined);
  if (run && step === undefined) return {...about, time: 0, problem: 'no finished epoch yet'};
  const checkpoint = step === undefined ? folder : join(folder, checkpointsName, step);
  try {
    const time = statSync(join(checkpoint, 'manifest.json')).mtimeMs;
    const card = join(checkpoint, checkpointFile.card);
    const metadata = parseMetadata(readFileChecked(card, {code: 'header', largest: largestCard}), card);
    if (metadata.training?.position.epoch === 0)
      return {...about, checkpoint, time, problem: 'no finished epoch yet'};
    return {...about, checkpoint, time, metadata};
  } catch (error) {
    const version = error instanceof CaptionerError && error.code === 'version';
    const problem = version ? 'its format is newer than this version of captioner' : 'damaged';
    return {...about, checkpoint, time: 0, problem};
  }
}
