/**
 * The journal of a trainer: every event passes through it. It adds alarms, writes to `metrics.jsonl` at once, and keeps events for the
 * callback of `train`, which may take its time.
 */
import type {History} from '../checkpoints/history';
import {AlarmDetector} from './alarms';
import {now, type AlarmEvent, type LearningRateTest, type TrainingEvent} from './events';
import {MetricsLog} from './metrics-log';

/** Validation events in the file are at least this far apart. */
const interval = 500; // ms

export type OnEvent = (event: TrainingEvent) => void | Promise<void>;

export class Journal {
  readonly #alarms: AlarmDetector;
  readonly #log: MetricsLog | undefined;
  /** Result of the last range test of learning rates. */
  learningRateTest: LearningRateTest | undefined;
  #lastValidation = -Infinity;
  /** Events that the callback has not seen; undefined while nobody listens. */
  #waiting: TrainingEvent[] | undefined;
  #open = false;

  /** @param file Absent: nothing is written. */
  constructor(history: History, file: string | undefined) {
    this.#alarms = new AlarmDetector(history);
    this.#log = file === undefined ? undefined : new MetricsLog(file);
  }

  /** Whether training has begun or been resumed, and not been stopped since. */
  get open(): boolean {
    return this.#open;
  }

  emit(event: TrainingEvent): void {
    this.#open = event.type !== 'stop' && event.type !== 'end';
    if (this.#isWritten(event)) this.#log?.write(event);
    this.#waiting?.push(event);
    for (const alarm of this.#alarms.check(event)) this.emit(alarm);
    if (event.type === 'epoch' || !this.#open) this.#log?.flush();
  }

  /** Records that a step failed because numbers were not finite. */
  diverged(step: number, message: string): void {
    const alarm: AlarmEvent = {type: 'alarm', time: now(), step, kind: 'not-finite', message};
    this.emit(alarm);
    this.#log?.flush();
  }

  /** Keeps events from now on, until `deliver` hands them over. */
  listen(): void {
    this.#waiting = [];
  }

  /** Drops events that nobody took. */
  stopListening(): void {
    this.#waiting = undefined;
  }

  /** Calls back with the events that came since the last call, and waits for each call. */
  async deliver(onEvent: OnEvent | undefined): Promise<void> {
    for (const event of this.#waiting?.splice(0) ?? []) await onEvent?.(event);
  }

  /** Writes what is collected, before a checkpoint that the file must not lag behind. */
  flush(): void {
    this.#log?.flush();
  }

  close(): void {
    this.#log?.close();
  }

  #isWritten(event: TrainingEvent): boolean {
    if (event.type !== 'validation') return true;
    const time = performance.now();
    if (time - this.#lastValidation < interval) return false;
    this.#lastValidation = time;
    return true;
  }
}
