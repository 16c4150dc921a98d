/**
 * Stops long work on Ctrl-C, a notebook's stop button or an `AbortSignal`. Work checks between steps whether to stop, saves its
 * progress and throws.
 */
import {setImmediate as runEventLoop} from 'node:timers/promises';
import {CaptionerError} from './errors';

/** The interface of the project's notebook kernel (tools/kernel/cells.cjs). */
interface Kernel {
  /** Whether the running cell was stopped, even if the event loop has not run since. */
  stopped(): boolean;
  /** Keeps the cell running until `work` settles. */
  working(work: Promise<unknown>): void;
}

function kernel(): Kernel | undefined {
  return (globalThis as {[key: symbol]: Kernel | undefined})[Symbol.for('captioner.kernel')];
}

/** A request to stop, passed to long work. */
export class Interrupt {
  #requested = false;
  #lastPause = 0;

  request(): void {
    this.#requested = true;
  }

  /** @throws CaptionerError `stopped` after a request to stop. */
  throwIfRequested(): void {
    if (this.#requested) throw new CaptionerError('stopped', 'Stopped');
    throwIfStopped();
  }

  /** Lets the event loop run, at most every 50 ms. Native calls block it, so stop requests and redraws would otherwise wait. */
  async pause(): Promise<void> {
    if (performance.now() - this.#lastPause < 50) return;
    await runEventLoop();
    this.#lastPause = performance.now();
  }
}

/** Options of `interruptible`. */
export interface Stopping {
  /** Saves the progress so far and describes it: `at step 163 of 752, saved`. */
  readonly stopped: () => string | Promise<string>;
  /** Stops the work like SIGINT. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs work that can be stopped. While it runs, SIGINT requests a stop; afterwards SIGINT has its previous effect.
 *
 * @returns The result of `work`.
 * @throws CaptionerError `stopped` with one line that says where and, in a notebook, how to continue; rethrows any other error of
 *   `work`.
 */
export async function interruptible<T>(
  work: (interrupt: Interrupt) => Promise<T>,
  {stopped, signal}: Stopping,
): Promise<T> {
  const interrupt = new Interrupt();
  const request = (): void => interrupt.request();
  // tslab's own kernel drops listeners that are registered during a cell's synchronous part.
  await Promise.resolve();
  process.on('SIGINT', request);
  signal?.addEventListener('abort', request);
  if (signal?.aborted) request();
  const running = work(interrupt).catch(async (error: unknown) => {
    if (!isStopped(error)) throw error;
    const hint = kernel() ? '; run the cell again to continue' : '';
    throw new CaptionerError('stopped', `Stopped ${await stopped()}${hint}`);
  });
  kernel()?.working(running);
  try {
    return await running;
  } finally {
    process.off('SIGINT', request);
    signal?.removeEventListener('abort', request);
  }
}

export function isStopped(error: unknown): boolean {
  return error instanceof CaptionerError && error.code === 'stopped';
}

/**
 * Stops synchronous work, such as a search, during which no stop event can arrive.
 *
 * @throws CaptionerError `stopped` if the notebook's stop button was pressed since the running cell started.
 */
export function throwIfStopped(): void {
  if (kernel()?.stopped()) throw new CaptionerError('stopped', 'Stopped');
}
