/** The wish to stop: from the notebook's stop button, Ctrl-C or an `AbortSignal`. Work looks at it where it can stop. */
import {setImmediate as letEventsThrough} from 'node:timers/promises';

export class Interrupt {
  #asked = false;
  #breath = 0;

  get asked(): boolean {
    return this.#asked;
  }

  /** Native calls block this thread: without a pause now and then neither the stop button nor a drawing gets through. */
  async letThrough(): Promise<void> {
    if (performance.now() - this.#breath < 50) return;
    await letEventsThrough();
    this.#breath = performance.now();
  }

  /** Listens while `work` goes on; afterwards nothing is asked, and interrupts do again what they did before. */
  async during<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    await Promise.resolve(); // a handler that is registered in a cell's synchronous part kills the kernel
    const stop = (): void => {
      this.#asked = true;
    };
    process.on('SIGINT', stop);
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      return await work();
    } finally {
      process.off('SIGINT', stop);
      signal?.removeEventListener('abort', stop);
      this.#asked = false;
    }
  }
}
