/**
 * Output to the notebook cell, in several MIME types at once so that each viewer picks the richest it supports, or as plain text to the
 * terminal. tslab's public API sends one MIME type per call, so this module uses the function below it; no other module depends on tslab.
 */
import {randomBytes} from 'node:crypto';
import {CaptionerError} from '../errors';
import {logLines} from '../terminal';

/** An output as a MIME bundle: content by MIME type. Images are base64, JSON types are objects. */
export type Bundle = Readonly<Record<string, unknown>>;

interface Message {
  readonly data: Bundle;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly transient: {readonly display_id?: string};
}

type Write = (message: Message, update: boolean) => void;

/** Finds tslab's write function. In a kernel tslab is already loaded; elsewhere it must not be, since that takes a second. */
function kernelWrite(): Write | undefined {
  for (const [file, module] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file)) continue;
    const write = (module?.exports as {lastWriteDisplayData?: unknown} | undefined)?.lastWriteDisplayData;
    if (typeof write === 'function') return write as Write;
  }
  return undefined;
}

/** Whether the code runs in a notebook kernel. */
export function inNotebook(): boolean {
  return kernelWrite() !== undefined;
}

/**
 * Limit of messages per turn of the event loop. tslab's sockets queue 512 messages per turn and drop the rest, including the one that
 * ends the cell.
 */
const messageLimit = 300;
let messagesSent = 0;

function send(write: Write, message: Message, update: boolean): void {
  if (messagesSent++ === 0) setImmediate(() => (messagesSent = 0));
  write(message, update);
}

/**
 * Shows a bundle below the cell, or its plain text in the terminal.
 *
 * @throws CaptionerError `options` for too many outputs at once.
 */
export function show(bundle: Bundle): void {
  const write = kernelWrite();
  const text = bundle['text/plain'];
  if (!write) return logLines(typeof text === 'string' ? text : '');
  if (messagesSent >= messageLimit) {
    const expected = `at most ${messageLimit} outputs without a pause`;
    throw new CaptionerError(
      'options',
      `show: expected ${expected}, got more; put them into one table or grid`,
    );
  }
  send(write, {data: bundle, metadata: {}, transient: {}}, false);
}

/** An output below the cell that is updated in place. In a terminal it shows nothing; the caller prints the final state. */
export class Slot {
  private readonly id: string = randomBytes(8).toString('hex');
  private shown = false;
  private pending: Bundle | undefined;

  /** Shows a bundle in place of the previous one. */
  show(bundle: Bundle): void {
    const write = kernelWrite();
    if (!write) return;
    if (messagesSent >= messageLimit) {
      if (!this.pending) setImmediate(() => this.showPending());
      this.pending = bundle;
      return;
    }
    send(write, {data: bundle, metadata: {}, transient: {display_id: this.id}}, this.shown);
    this.shown = true;
  }

  private showPending(): void {
    const newest = this.pending;
    this.pending = undefined;
    if (newest) this.show(newest);
  }
}

/** Yields to the event loop, so that the kernel can send outputs and receive messages, above all interrupts. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
