/**
 * Stopping long work: Ctrl-C, a notebook's stop button or an `AbortSignal`. Work asks between its steps whether it should stop, saves
 * what it has, and throws.
 */
import {setImmediate as letEventsThrough} from 'node:timers/promises';
import {CaptionerError} from './errors';

/** What the project's notebook kernel offers (tools/kernel/cells.cjs). */
interface Kernel {
  /** Whether the running cell was stopped, even if no event has got through since. */
  stopped(): boolean;
  /** The cell is not over before this is. */
  working(work: Promise<unknown>): void;
}

function kernel(): Kernel | undefined {
  return (globalThis as {[key: symbol]: Kernel | undefined})[Symbol.for('captioner.kernel')];
}

/** Asks work to stop. */
export class Interrupt {
  #requested = false;
  #pause = 0;

  request(): void {
    this.#requested = true;
  }

  /** @throws CaptionerError `stopped` when the work should stop. */
  throwIfRequested(): void {
    if (this.#requested) throw new CaptionerError('stopped', 'Stopped');
    throwIfStopped();
  }

  /** Native calls block this thread: without a pause now and then neither a stop nor a drawing gets through. */
  async pause(): Promise<void> {
    if (performance.now() - this.#pause < 50) return;
    await letEventsThrough();
    this.#pause = performance.now();
  }
}

/** Options of `interruptible`. */
export interface Stopping {
  /** Saves what there is, and says how far the work got: `at step 163 of 752, saved`. */
  readonly stopped: () => string | Promise<string>;
  /** Stops the work like SIGINT. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs work that can be stopped. SIGINT asks it to stop for as long as it runs; afterwards SIGINT does again what it did before.
 *
 * @returns What `work` returns.
 * @throws CaptionerError `stopped` with one line that says where, and in a notebook how to continue; whatever else `work` throws.
 */
export async function interruptible<T>(
  work: (interrupt: Interrupt) => Promise<T>,
  {stopped, signal}: Stopping,
): Promise<T> {
  const interrupt = new Interrupt();
  const request = (): void => interrupt.request();
  // A listener that is registered while a cell's synchronous part runs is lost in tslab's own kernel.
  await Promise.resolve();
  process.on('SIGINT', request);
  signal?.addEventListener('abort', request);
  if (signal?.aborted) request();
  const running = work(interrupt).catch(async (error: unknown) => {
    if (!isStopped(error)) throw error;
    const again = kernel() ? '; run the cell again to continue' : '';
    throw new CaptionerError('stopped', `Stopped ${await stopped()}${again}`);
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
 * Stops work that has no pause in which a stop could get through, such as a search.
 *
 * @throws CaptionerError `stopped` when the notebook's stop button was pressed since the running cell was sent.
 */
export function throwIfStopped(): void {
  if (kernel()?.stopped()) throw new CaptionerError('stopped', 'Stopped');
}
