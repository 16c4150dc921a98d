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

/** A checkpoint that was passed over when a run was resumed, and why. */
export interface Skipped {
  readonly checkpoint: string;
  readonly reason: string;
}

/** What a run trains and how, as its newest readable checkpoint says. */
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

/** What is to become of a run that may lie in a folder: it must not be there, or is replaced, or goes on. */
export type Purpose = 'begin' | 'replace' | 'resume';

/**
 * Whether a run can begin or go on in a folder, which is known before anything is computed.
 *
 * @throws CaptionerError `not-found` where there is none to go on; `mismatch` where a run lies, or a checkpoint that is no run's
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
      `${path}: a run lies here already; resume it, or choose another folder`,
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

  get tensorboard(): string {
    return join(this.folder, 'tensorboard');
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
    // What lies further on was passed over as damaged when the run was resumed: it does not count as one of the newest.
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

  /** Clears away what a killed process left, and lets the pointers say what is true at the step that is gone on from. */
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
    if (!existsSync(this.tensorboard)) return;
    for (const name of readdirSync(this.tensorboard))
      if (name.startsWith('events.out.tfevents.')) await fs.rm(join(this.tensorboard, name));
  }

  close(): void {
    this.#lock.release();
  }

  /** Renamed first, so that no half of it is ever met under its name. A folder in which someone put something stays. */
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
