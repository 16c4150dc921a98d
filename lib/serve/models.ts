/** Captioners in memory: at most two, so that switching between two runs is instant and memory stays limited. */
import type {Captioner} from '../captioner';
import type {ListedCheckpoint} from '../checkpoints/list';
import {Refusal} from './refusal';

const capacity = 2;

export class Models {
  /** By folder and time of the checkpoint, the one used last at the end. */
  readonly #loaded = new Map<string, Captioner>();

  /** Number of captioners in memory. */
  get size(): number {
    return this.#loaded.size;
  }

  /**
   * Returns the captioner of a checkpoint, loading it where needed. It stays valid until the next call.
   *
   * @throws Refusal `409` for a checkpoint that cannot be loaded; CaptionerError as `Captioner.load`
   */
  async get({name, folder, checkpoint, time, problem}: ListedCheckpoint): Promise<Captioner> {
    if (problem !== undefined || checkpoint === undefined)
      throw new Refusal(409, `${name}: ${problem ?? 'no checkpoint'}; choose another run`);
    const key = `${checkpoint} ${time}`;
    let captioner = this.#loaded.get(key);
    if (captioner) {
      this.#loaded.delete(key);
    } else {
      for (const old of this.#loaded.keys()) if (this.#loaded.size >= capacity) this.#remove(old);
      // Loaded late, since TensorFlow takes a second for which the page need not wait.
      const library = await import('../captioner.js');
      captioner = await library.Captioner.load(folder);
    }
    this.#loaded.set(key, captioner);
    return captioner;
  }

  #remove(key: string): void {
    this.#loaded.get(key)?.dispose();
    this.#loaded.delete(key);
  }

  dispose(): void {
    for (const key of this.#loaded.keys()) this.#remove(key);
  }
}
