/**
 * Where a figure, a table or a progress bar goes: into the notebook's cell, in several MIME types at once so that each
 * viewer takes the best it can draw, or as plain text into the terminal. tslab's public API sends one type per call, so
 * the call beneath it is used where it is there; nothing else in the library knows tslab.
 */
import {randomBytes} from 'node:crypto';
import {CaptionerError} from '../errors';

/** The same thing in several forms: MIME type → content. Images are base64, JSON types are objects. */
export type Bundle = Readonly<Record<string, unknown>>;

interface Message {
  readonly data: Bundle;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly transient: {readonly display_id?: string};
}

type Write = (message: Message, update: boolean) => void;

/** In a kernel tslab is loaded already, and outside one it must not be: it takes a second and prints nothing useful. */
function kernelWrite(): Write | undefined {
  for (const [file, module] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file)) continue;
    const write = (module?.exports as {lastWriteDisplayData?: unknown} | undefined)?.lastWriteDisplayData;
    if (typeof write === 'function') return write as Write;
  }
  return undefined;
}

/** Whether this runs in a notebook's kernel. */
export function inNotebook(): boolean {
  return kernelWrite() !== undefined;
}

/**
 * tslab's sockets take 512 messages before the event loop turns, and lose all that come after, the end of the cell
 * among them. So what is shown in one go is counted.
 */
const mostAtOnce = 300;
let sentAtOnce = 0;

function send(write: Write, message: Message, update: boolean): void {
  if (sentAtOnce++ === 0) setImmediate(() => (sentAtOnce = 0));
  write(message, update);
}

/** Shows a bundle below the cell, or its plain text in the terminal. */
export function show(bundle: Bundle): void {
  const write = kernelWrite();
  if (!write) return console.log(bundle['text/plain']);
  if (sentAtOnce >= mostAtOnce) {
    const expected = `at most ${mostAtOnce} outputs without a pause`;
    throw new CaptionerError(
      'options',
      `show: expected ${expected}, got more; put them into one table or grid`,
    );
  }
  send(write, {data: bundle, metadata: {}, transient: {}}, false);
}

/** One place below a cell that later content overwrites. In a terminal it shows nothing: the caller prints the end. */
export class Slot {
  private readonly id: string = randomBytes(8).toString('hex');
  private shown = false;
  private waiting: Bundle | undefined;

  show(bundle: Bundle): void {
    const write = kernelWrite();
    if (!write) return;
    if (sentAtOnce >= mostAtOnce) {
      if (!this.waiting) setImmediate(() => this.showWaiting());
      this.waiting = bundle;
      return;
    }
    send(write, {data: bundle, metadata: {}, transient: {display_id: this.id}}, this.shown);
    this.shown = true;
  }

  private showWaiting(): void {
    const newest = this.waiting;
    this.waiting = undefined;
    if (newest) this.show(newest);
  }
}

/** Lets the kernel send what was shown, and look at what came in: the interrupt button above all. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
