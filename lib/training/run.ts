/**
 * The folder of a run: its checkpoints, which of them is the latest and which the best, and its TensorBoard files. Only
 * what a run made itself is ever removed from it.
 */
import {randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, promises as fs, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {lockFolder} from '../files/lock';
import {userPath} from '../paths';
import {parseMetadata, type CheckpointMetadata} from '../checkpoints/metadata';
import {
  checkpointFiles,
  loadCheckpoint,
  saveCheckpoint,
  stepName,
  type Checkpoint,
} from '../checkpoints/checkpoint';
import {removeEventFiles} from '../checkpoints/event-files';

/** A checkpoint that was skipped when a run was resumed, and the reason. */
export interface Skipped {
  readonly checkpoint: string;
  readonly reason: string;
}

/** Returns the metadata of a run's newest readable checkpoint, or undefined. */
export function runMetadata(folder: string): CheckpointMetadata | undefined {
  for (const name of checkpointsIn(folder))
    try {
      const card = join(folder, 'checkpoints', name, 'checkpoint.json');
      return parseMetadata(readFileSync(card), card);
    } catch {
      // What is wrong with it is said when the run is resumed.
    }
  return undefined;
}

/** What to do with a run that is already in the folder: refuse (`begin`), remove it (`replace`), or continue it (`resume`). */
export type Purpose = 'begin' | 'replace' | 'resume';

/**
 * Checks, before any computation, that a run can begin or be resumed in a folder.
 *
 * @throws CaptionerError `not-found` when there is no run to resume; `mismatch` when the folder holds a run already (`begin`) or a
 *   standalone checkpoint
 */
export function checkRunFolder(folder: string, purpose: Purpose): void {
  const path = userPath(folder);
  if (purpose === 'resume' && !existsSync(join(path, 'checkpoints')))
    throw new CaptionerError('not-found', `${path}: expected a run to resume, found none`);
  if (existsSync(join(path, 'manifest.json')))
    throw new CaptionerError(
      'mismatch',
      `${path}: expected the folder of a run, found a checkpoint; choose another folder`,
    );
  if (purpose === 'begin' && checkpointsIn(path).length > 0)
    throw new CaptionerError(
      'mismatch',
      `${path}: this folder already holds a run; resume it, or choose another folder`,
    );
}

/** Names of a run's checkpoints, the newest first. */
function checkpointsIn(folder: string): string[] {
  const checkpoints = join(folder, 'checkpoints');
  const names = existsSync(checkpoints) ? readdirSync(checkpoints) : [];
  return names
    .filter((name) => stepName.test(name))
    .sort()
    .reverse();
}

type Resumable = Checkpoint & Required<Pick<Checkpoint, 'training'>>;
type Pointer = 'latest' | 'best';

/** What a process that was killed while it wrote has left. */
const leftover = /^\.(step-\d{9}|latest|best)\.\d+-[0-9a-f]{8}\.tmp$/;
const kept = 2;

export class Run {
  readonly folder: string;
  readonly #lock: {release(): void};

  /**
   * @param folder Relative to where the command was given; made where it is missing, unless the run must exist.
   * @throws CaptionerError `locked`, and as `checkRunFolder`
   */
  constructor(folder: string, purpose: Purpose = 'begin') {
    checkRunFolder(folder, purpose);
    this.folder = userPath(folder);
    mkdirSync(join(this.folder, 'checkpoints'), {recursive: true});
    this.#lock = lockFolder(this.folder);
  }

  /** Names of its checkpoints, the newest first. */
  checkpoints(): string[] {
    return checkpointsIn(this.folder);
  }

  /** Saves, and keeps the best checkpoint and the two newest. */
  async save(checkpoint: Checkpoint, step: number, best: boolean): Promise<void> {
    const name = nameOf(step);
    await saveCheckpoint(this.#path(name), checkpoint);
    await this.#point('latest', name);
    if (best) await this.#point('best', name);
    // Checkpoints of later steps were skipped as damaged when the run was resumed; they don't count as newest.
    const old = this.checkpoints().filter((other) => other <= name);
    for (const other of old.slice(kept)) if (other !== this.#pointer('best')) await this.#remove(other);
  }

  /**
   * The newest checkpoint that is whole and can be resumed.
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
    throw new CaptionerError('not-found', `${this.folder}: expected a checkpoint to resume from, ${found}`);
  }

  /** Removes temporary files of a killed process, and resets `latest` and `best` to the step that is resumed. */
  async rewind(step: number, best: number | undefined): Promise<void> {
    for (const folder of [this.folder, join(this.folder, 'checkpoints')])
      for (const name of readdirSync(folder))
        if (leftover.test(name)) await fs.rm(join(folder, name), {recursive: true, force: true});
    await this.#point('latest', nameOf(step));
    if (best !== undefined && existsSync(this.#path(nameOf(best)))) await this.#point('best', nameOf(best));
    else await fs.rm(join(this.folder, 'best'), {force: true});
  }

  /** Removes an earlier run's checkpoints and logs. */
  async clear(): Promise<void> {
    for (const pointer of ['latest', 'best']) await fs.rm(join(this.folder, pointer), {force: true});
    for (const name of this.checkpoints()) await this.#remove(name);
    await removeEventFiles(this.folder);
  }

  close(): void {
    this.#lock.release();
  }

  /** Renames before removing, so a half-removed checkpoint never appears under its name. Keeps folders that hold other files. */
  async #remove(name: string): Promise<void> {
    const path = this.#path(name);
    if (!readdirSync(path).every((file) => checkpointFiles.includes(file))) return;
    const aside = this.#path(`.${name}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
    await fs.rename(path, aside);
    await fs.rm(aside, {recursive: true, force: true});
  }

  #path(name: string): string {
    return join(this.folder, 'checkpoints', name);
  }

  #pointer(name: Pointer): string | undefined {
    const file = join(this.folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  }

  async #point(pointer: Pointer, name: string): Promise<void> {
    if (this.#pointer(pointer) !== name) await writeFileAtomic(join(this.folder, pointer), `${name}\n`);
  }
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(9, '0')}`;
}
