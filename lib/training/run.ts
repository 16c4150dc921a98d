/**
 * The folder of a run: its checkpoints, pointers to the latest and the best of them, and its TensorBoard files. Only files that a run
 * wrote itself are ever removed.
 */
import {existsSync, promises as fs, readdirSync, rmdirSync} from 'node:fs';
import {join} from 'node:path';
import {loadCheckpoint, saveCheckpoint, type Checkpoint} from '../checkpoints/checkpoint';
import {clearRun, removeCheckpoint, removeLeftovers} from '../checkpoints/remove-run';
import {freeFolder} from '../checkpoints/run-folders';
import {
  checkpointName,
  checkpointsIn,
  checkpointsName,
  holdsCheckpoint,
  metricsName,
  type Pointer,
} from '../checkpoints/run-layout';
import {CaptionerError} from '../errors';
import {makeFolder, writeFileAtomic} from '../files/atomic';
import {lockFolder} from '../files/lock';
import {readTextChecked} from '../files/regular-file';
import {shortPath, userPath} from '../paths';

/** A checkpoint that was skipped when a run was resumed, and the reason. */
export interface Skipped {
  readonly checkpoint: string;
  readonly reason: string;
}

/**
 * Checks, before any computation, that a run can begin or be resumed in a folder.
 *
 * @throws CaptionerError `not-found` when there is no run to resume; `mismatch` when the folder holds a standalone checkpoint
 */
export function checkRunFolder(folder: string, purpose: 'begin' | 'resume'): void {
  const path = userPath(folder);
  if (purpose === 'resume' && !existsSync(join(path, checkpointsName)))
    throw new CaptionerError('not-found', `${shortPath(path)}: expected a run to resume, found none`);
  if (holdsCheckpoint(path))
    throw new CaptionerError(
      'mismatch',
      `${shortPath(path)}: expected the folder of a run, found a checkpoint; choose another folder`,
    );
}

type Resumable = Checkpoint & Required<Pick<Checkpoint, 'training'>>;

const kept = 2;

export class Run {
  readonly folder: string;
  readonly #lock: {release(): void};
  readonly #made: boolean;

  /**
   * Opens a folder for a run and locks it.
   *
   * @param folder Relative to where the command was given; made where it is missing, unless the run must exist.
   * @throws CaptionerError `locked`, `not-permitted`, and as `checkRunFolder`
   */
  constructor(
    folder: string,
    purpose: 'begin' | 'resume' = 'begin',
    /** Folder that was asked for; another than `folder` where that held a run already. */
    readonly asked: string = userPath(folder),
  ) {
    checkRunFolder(folder, purpose);
    this.folder = userPath(folder);
    this.#made = makeFolder(join(this.folder, checkpointsName));
    this.#lock = lockFolder(this.folder);
  }

  /**
   * Opens a folder for a new run: the one that is asked for, or where that holds a run already, the next free one, such as `scenes-2`.
   *
   * @param replace Whether a run that lies there is removed instead, as soon as training is ready.
   * @param suffixes Suffixes of the folders that must be free together.
   * @throws CaptionerError as the constructor
   */
  static begin(
    folder: string,
    {replace = false, suffixes}: {readonly replace?: boolean; readonly suffixes?: readonly string[]} = {},
  ): Run {
    const base = userPath(folder);
    checkRunFolder(base, 'begin');
    for (let attempt = 1; ; attempt++)
      try {
        return new Run(replace ? base : freeFolder(base, suffixes), 'begin', base);
      } catch (error) {
        // Another process was faster; the next folder may be free.
        const raced = error instanceof CaptionerError && error.code === 'locked' && !replace && attempt < 10;
        if (!raced) throw error;
      }
  }

  /** The file of its events. */
  get metrics(): string {
    return join(this.folder, metricsName);
  }

  /** Names of its checkpoints, the newest first. */
  checkpoints(): string[] {
    return checkpointsIn(this.folder);
  }

  /** Saves a checkpoint, and keeps only the best and the two newest. */
  async save(checkpoint: Checkpoint, step: number, best: boolean): Promise<void> {
    const name = checkpointName(step);
    await saveCheckpoint(this.#path(name), checkpoint);
    await this.#point('latest', name);
    if (best) await this.#point('best', name);
    // Checkpoints of later steps were skipped as damaged when the run was resumed; they don't count as newest.
    const old = this.checkpoints().filter((other) => other <= name);
    for (const other of old.slice(kept))
      if (other !== this.#pointer('best')) await removeCheckpoint(this.#path(other));
  }

  /**
   * Loads the newest complete checkpoint that can be resumed.
   *
   * @throws CaptionerError `not-found` when there is none; the message says what was wrong with each.
   */
  async newest(): Promise<{checkpoint: Resumable; skipped: Skipped[]}> {
    const skipped: Skipped[] = [];
    for (const name of this.checkpoints()) {
      try {
        const checkpoint = await loadCheckpoint(this.#path(name));
        if (checkpoint.training) return {checkpoint: {...checkpoint, training: checkpoint.training}, skipped};
        checkpoint.decoder.dispose();
        skipped.push({checkpoint: name, reason: 'it holds no training state'});
      } catch (error) {
        if (!(error instanceof CaptionerError)) throw error;
        skipped.push({checkpoint: name, reason: error.message});
      }
    }
    const found =
      skipped.map(({checkpoint, reason}) => `${checkpoint}: ${reason}`).join('; ') || 'found none';
    throw new CaptionerError(
      'not-found',
      `${shortPath(this.folder)}: expected a checkpoint to resume from, ${found}`,
    );
  }

  /** Removes temporary files of a killed process, and resets `latest` and `best` to the step that is resumed. */
  async rewind(step: number, best: number | undefined): Promise<void> {
    for (const folder of [this.folder, join(this.folder, checkpointsName)]) await removeLeftovers(folder);
    await this.#point('latest', checkpointName(step));
    if (best !== undefined && existsSync(this.#path(checkpointName(best))))
      await this.#point('best', checkpointName(best));
    else await fs.rm(join(this.folder, 'best'), {force: true});
  }

  /** Removes an earlier run's checkpoints and logs. */
  async clear(): Promise<void> {
    await clearRun(this.folder);
  }

  close(): void {
    this.#lock.release();
  }

  /** Closes a run that could not begin, and removes the folders that were made for it. */
  abandon(): void {
    this.close();
    if (!this.#made) return;
    for (const folder of [join(this.folder, checkpointsName), this.folder])
      if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
  }

  #path(name: string): string {
    return join(this.folder, checkpointsName, name);
  }

  #pointer(name: Pointer): string | undefined {
    const file = join(this.folder, name);
    return existsSync(file) ? readTextChecked(file, {code: 'header', largest: 4096}).trim() : undefined;
  }

  async #point(pointer: Pointer, name: string): Promise<void> {
    if (this.#pointer(pointer) !== name) await writeFileAtomic(join(this.folder, pointer), `${name}\n`);
  }
}
