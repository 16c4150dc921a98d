/** Lets tasks run one after the other, with a limit on how many may wait. */
import {Refusal} from './refusal';

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #places = 0;

  /** @param waiting How many tasks may wait while one runs. */
  constructor(private readonly waiting: number) {}

  /**
   * Takes a place in the queue before a request is read, so that what waits in memory is limited too.
   *
   * @returns Gives the place back; call it once.
   * @throws Refusal `503` when all places are taken.
   */
  enter(): () => void {
    if (this.#places > this.waiting)
      throw new Refusal(503, `${this.#places} images are waiting already; try again in a moment`, {
        'Retry-After': '1',
      });
    this.#places++;
    return () => this.#places--;
  }

  /** Runs a task when all earlier ones have ended, however they ended. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
