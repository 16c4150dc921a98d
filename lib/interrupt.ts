/**
 * Stops long work on Ctrl-C, a notebook's stop button or an `AbortSignal`. Work checks between steps whether to stop, saves its
 * progress and throws.
 */
import {setImmediate as runEventLoop} from 'node:timers/promises';
import {CaptionerError} from './errors';
import {explainFileError} from './file-error';

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
  readonly #controller = new AbortController();
  #lastPause = 0;

  request(): void {
    this.#controller.abort();
  }

  /** Ends what waits for a server or a clock. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @throws CaptionerError `stopped` after a request to stop. */
  throwIfRequested(): void {
    if (this.signal.aborted) throw new CaptionerError('stopped', 'Stopped');
    throwIfStopped();
  }

  /** Lets the event loop run, at most every 20 ms. Native calls block it, so stop requests and redraws would otherwise wait. */
  async pause(): Promise<void> {
    if (performance.now() - this.#lastPause < 20) return;
    await runEventLoop();
    this.#lastPause = performance.now();
  }
}

/** Environment variable of processes whose standard input closes when their launcher ends, whatever ended it. */
export const launchedVariable = 'CAPTIONER_LAUNCHED';

/** Signals that end a process. A notebook's kernel takes care of them itself. */
const endings = ['SIGTERM', 'SIGHUP'] as const;
/** Functions that stop the running work, one for each piece of work. */
const running = new Set<() => void>();
/** Time in which a program may say how its work was stopped, before it ends. */
const farewell = 200; // ms
let ending: NodeJS.Signals | undefined;

/** Returns the signal by which the process was asked to end while work ran that saves first. */
export function endingSignal(): NodeJS.Signals | undefined {
  return ending;
}

/**
 * Stops all interruptible work, which saves its progress, because the process is to end.
 *
 * @returns Whether any work ran.
 */
export function requestEnd(signal: NodeJS.Signals): boolean {
  if (running.size > 0) ending ??= signal;
  for (const stop of running) stop();
  return running.size > 0;
}

/** Options of `interruptible`. */
export interface Stopping {
  /**
   * Saves the progress so far and describes it: `at step 163 of 752, saved`.
   *
   * @param inner How interruptible work within this work describes itself, if it was stopped there.
   */
  readonly stopped: (inner?: string) => string | Promise<string>;
  /** Whether the same call, made again, continues where it was stopped. @default true */
  readonly resumes?: boolean;
  /** Stops the work like SIGINT. */
  readonly signal?: AbortSignal | undefined;
}

/** Where stopped work was, without how to go on: for the message of the work around it. */
const places = new WeakMap<Error, string>();

/**
 * Runs work that can be stopped. While it runs, SIGINT requests a stop; afterwards SIGINT has its previous effect. SIGTERM and SIGHUP stop it
 * in the same way, and then end the process, unless the program handles them itself. Of interruptible work within other interruptible work,
 * the outer one writes the message.
 *
 * @returns The result of `work`.
 * @throws CaptionerError `stopped` with one line that says where and, in a notebook, how to continue; rethrows any other error of
 *   `work`.
 */
export async function interruptible<T>(
  work: (interrupt: Interrupt) => Promise<T>,
  {stopped, resumes = true, signal}: Stopping,
): Promise<T> {
  const interrupt = new Interrupt();
  const request = (): void => interrupt.request();
  // tslab's own kernel drops listeners that are registered during a cell's synchronous part.
  await Promise.resolve();
  process.on('SIGINT', request);
  begin(request);
  signal?.addEventListener('abort', request);
  if (signal?.aborted) request();
  const result = (async () => work(interrupt))().catch(async (error: unknown) => {
    if (!isStopped(error)) throw explainFileError(error);
    const place = await stopped(places.get(error));
    const described = stoppedError(place, resumes);
    places.set(described, place);
    throw described;
  });
  kernel()?.working(result);
  try {
    return await result;
  } finally {
    process.off('SIGINT', request);
    end(request);
    signal?.removeEventListener('abort', request);
  }
}

/** Handles the signals that end the process while any work runs, unless the program does so itself. */
function begin(stop: () => void): void {
  running.add(stop);
  if (running.size > 1 || kernel()) return;
  for (const name of endings) if (process.listenerCount(name) === 0) process.on(name, requestEnd);
}

function end(stop: () => void): void {
  running.delete(stop);
  if (running.size > 0) return;
  for (const name of endings) process.off(name, requestEnd);
  const by = endings.find((name) => name === ending);
  if (by) setTimeout(() => process.kill(process.pid, by), farewell);
}

function stoppedError(place: string, resumes: boolean): CaptionerError {
  const hint = kernel() ? `; run the cell again to ${resumes ? 'continue' : 'start over'}` : '';
  return new CaptionerError('stopped', `${`Stopped ${place}`.trim()}${hint}`);
}

export function isStopped(error: unknown): error is CaptionerError {
  return error instanceof CaptionerError && error.code === 'stopped';
}

/**
 * Stops synchronous work, such as a search, during which no stop event can arrive.
 *
 * @param place Where the work is, if it has no `interruptible` work around it that says so: `while comparing scores`.
 * @throws CaptionerError `stopped` if the notebook's stop button was pressed since the running cell started.
 */
export function throwIfStopped(place?: string): void {
  if (!kernel()?.stopped()) return;
  throw place === undefined ? new CaptionerError('stopped', 'Stopped') : stoppedError(place, false);
}

/** Runs work that yields between its steps, without a pause. */
export function runToEnd<T>(steps: Generator<unknown, T, void>): T {
  for (;;) {
    const {done, value} = steps.next();
    if (done) return value;
  }
}

/**
 * Runs work that yields between its steps, and pauses there.
 *
 * @param pause Is given what the work yields; may throw to end the work, which then cleans up.
 */
export async function runInSteps<T, Step = void>(
  steps: Generator<Step, T, void>,
  pause: (step: Step) => Promise<void>,
): Promise<T> {
  try {
    for (;;) {
      const {done, value} = steps.next();
      if (done) return value;
      await pause(value);
    }
  } catch (error) {
    steps.return(undefined as T);
    throw error;
  }
}
