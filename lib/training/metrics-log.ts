/**
 * `metrics.jsonl` in the folder of a run: its events, one JSON object a line. Lines are collected and appended a few times a second, so
 * that no step waits for the disk. A process that is killed may leave half a line at the end, which readers ignore and resuming cuts off.
 */
import {appendFileSync, closeSync, existsSync, readSync, truncateSync} from 'node:fs';
import {openFileSync, readTextChecked} from '../files/regular-file';
import {emitWarning} from '../terminal';
import type {TrainingEvent} from './events';

const interval = 350; // ms

export class MetricsLog {
  #lines: string[] = [];
  #written = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param file Created with the first event; events are appended. */
  constructor(readonly file: string) {}

  write(event: TrainingEvent): void {
    if (this.#closed) return;
    this.#lines.push(`${JSON.stringify(event)}\n`);
    if (performance.now() - this.#written > interval) this.flush();
    // Written in the next pause of the work.
    else this.#timer ??= setTimeout(() => this.flush(), interval).unref();
  }

  /** Appends what has been collected. A log that can't be written ends with a warning; training goes on. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    try {
      appendFileSync(this.file, this.#lines.join(''));
    } catch (error) {
      this.#closed = true;
      emitWarning(`${this.file}: ${(error as Error).message}; no more events are logged`);
    }
    this.#lines = [];
    this.#written = performance.now();
  }

  close(): void {
    this.flush();
    this.#closed = true;
  }
}

/** Reads the events of a run. Half a line at the end, and lines that are no events, are left out; a missing file holds none. */
export function readEvents(file: string): TrainingEvent[] {
  return existsSync(file) ? parseLines(readTextChecked(file, {code: 'header'})) : [];
}

/**
 * Cuts the file back to where a run is resumed, so that no step and no epoch is in it twice.
 *
 * @param position Steps taken and epochs ended.
 * @returns The events that are left.
 */
export function cutBack(file: string, {step, epoch}: {step: number; epoch: number}): TrainingEvent[] {
  if (!existsSync(file)) return [];
  const lines = readTextChecked(file, {code: 'header'}).split(/(?<=\n)/);
  const beyond = lines.findIndex((line) => {
    const event = parseLine(line);
    if (!line.endsWith('\n')) return true;
    return event !== undefined && (event.step > step || (event.type === 'epoch' && event.epoch > epoch));
  });
  if (beyond < 0) return parseLines(lines.join(''));
  const kept = lines.slice(0, beyond).join('');
  truncateSync(file, Buffer.byteLength(kept));
  return parseLines(kept);
}

/** Returns how many seconds were spent on an epoch that has not ended, in all sittings together. */
export function unfinishedSeconds(events: readonly TrainingEvent[]): number {
  let [sum, start, last] = [0, 0, 0];
  for (const {type, time} of events) {
    const at = Date.parse(time);
    if (type === 'begin' || type === 'resume') {
      sum += Math.max(0, last - start);
      start = at;
    } else if (type === 'epoch') [sum, start] = [0, at];
    last = at;
  }
  return (sum + Math.max(0, last - start)) / 1000;
}

/** Follows the file of a run that another process writes. */
export class MetricsReader {
  #offset = 0;
  /** The last bytes read, by which a file that was cut back and written on is recognised. */
  #tail: Buffer = Buffer.alloc(0);

  constructor(readonly file: string) {}

  /**
   * Reads what was appended since the last call.
   *
   * @returns `fresh`: whether the file was cut back, and the events are all events from its beginning.
   */
  read(): {readonly fresh: boolean; readonly events: TrainingEvent[]} {
    if (!existsSync(this.file)) return {fresh: false, events: []};
    const {
      descriptor: file,
      stats: {size},
    } = openFileSync(this.file, {code: 'header'});
    try {
      const fresh = this.#offset > 0 && !this.#continues(file);
      if (fresh) [this.#offset, this.#tail] = [0, Buffer.alloc(0)];
      const bytes = readFrom(file, this.#offset, size - this.#offset);
      if (bytes.length === 0) return {fresh, events: []};
      // Only whole lines are decoded, since a chunk may end within a character.
      const end = bytes.lastIndexOf(0x0a) + 1;
      this.#offset += end;
      if (end > 0) this.#tail = Buffer.from(bytes.subarray(Math.max(0, end - 200), end));
      return {fresh, events: parseLines(bytes.toString('utf8', 0, end))};
    } finally {
      closeSync(file);
    }
  }

  #continues(file: number): boolean {
    const {length} = this.#tail;
    return this.#tail.equals(readFrom(file, this.#offset - length, length));
  }
}

function readFrom(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, length));
  return bytes.subarray(0, bytes.length === 0 ? 0 : readSync(file, bytes, 0, bytes.length, offset));
}

const types: ReadonlySet<unknown> = new Set<TrainingEvent['type']>([
  'begin',
  'resume',
  'step',
  'validation',
  'epoch',
  'alarm',
  'stop',
  'end',
]);

/** Returns the events of lines; lines that are no events are left out. */
export function parseLines(text: string): TrainingEvent[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): TrainingEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<TrainingEvent> | null;
    const sound = types.has(event?.type) && typeof event?.step === 'number' && typeof event.time === 'string';
    return sound ? (event as TrainingEvent) : undefined;
  } catch {
    return undefined;
  }
}
