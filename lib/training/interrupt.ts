/** The wish to stop: from the notebook's stop button, Ctrl-C or an `AbortSignal`. Work looks at it where it can stop. */
export class Interrupt {
  #asked = false;

  get asked(): boolean {
    return this.#asked;
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
