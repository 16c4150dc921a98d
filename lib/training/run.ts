/**
 * The folder of a run: its checkpoints, which of them is the latest and which the best, and its TensorBoard files. Only
 * what a run made itself is ever removed from it.
 */
import {existsSync, mkdirSync, promises as fs, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {lockFolder} from '../files/lock';
import {loadCheckpoint, saveCheckpoint, type Checkpoint} from './checkpoint';

/** A checkpoint that was passed over when a run was resumed, and why. */
export interface Skipped {
  readonly checkpoint: string;
  readonly reason: string;
}

const stepName = /^step-\d{9}$/;

export class Run {
  readonly #lock: {release(): void};

  /** @throws CaptionerError `locked` */
  constructor(readonly folder: string) {
    mkdirSync(join(folder, 'checkpoints'), {recursive: true});
    this.#lock = lockFolder(folder);
  }

  get tensorboard(): string {
    return join(this.folder, 'tensorboard');
  }

  /** Names of its checkpoints, the newest first. */
  checkpoints(): string[] {
    const names = readdirSync(join(this.folder, 'checkpoints'));
    return names
      .filter((name) => stepName.test(name))
      .sort()
      .reverse();
  }

  /** Saves, and keeps the best checkpoint and the two newest. */
  async save(checkpoint: Checkpoint, step: number, best: boolean): Promise<void> {
    const name = `step-${String(step).padStart(9, '0')}`;
    await saveCheckpoint(this.#path(name), checkpoint);
    await writeFileAtomic(join(this.folder, 'latest'), `${name}\n`);
    if (best) await writeFileAtomic(join(this.folder, 'best'), `${name}\n`);
    const kept = new Set([...this.checkpoints().slice(0, 2), this.#pointer('best')]);
    for (const old of this.checkpoints())
      if (!kept.has(old)) await fs.rm(this.#path(old), {recursive: true, force: true});
  }

  /**
   * The newest checkpoint that is whole and can be resumed.
   *
   * @throws CaptionerError `not-found` when there is none; the message says what was wrong with each.
   */
  async newest(): Promise<{checkpoint: Required<Checkpoint>; skipped: Skipped[]}> {
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

  /** Removes an earlier run's checkpoints and logs. */
  async clear(): Promise<void> {
    for (const name of this.checkpoints()) await fs.rm(this.#path(name), {recursive: true, force: true});
    for (const pointer of ['latest', 'best']) await fs.rm(join(this.folder, pointer), {force: true});
    if (!existsSync(this.tensorboard)) return;
    for (const name of readdirSync(this.tensorboard))
      if (name.startsWith('events.out.tfevents.')) await fs.rm(join(this.tensorboard, name));
  }

  close(): void {
    this.#lock.release();
  }

  #path(name: string): string {
    return join(this.folder, 'checkpoints', name);
  }

  #pointer(name: string): string | undefined {
    const file = join(this.folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  }
}
