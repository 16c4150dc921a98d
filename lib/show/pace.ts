/** How fast a training goes, measured by the times of its events, and how long it will take. */
import type {TrainingEvent} from '../training/events';

/** Steps of the last seconds that speed is measured over. */
const span = 20_000; // ms
const most = 400;

/** Work that is left. */
export interface Remaining {
  readonly steps: number;
  /** Validations that have not begun. */
  readonly validations: number;
  /** How much of the validation that is running is done, from 0 to 1; undefined if none is. */
  readonly validated?: number | undefined;
}

export class Pace {
  /** Times of the last steps in a row, and the words of each. */
  #steps: {readonly time: number; readonly words: number}[] = [];
  #secondsPerStep: number | undefined;
  #wordsPerSecond: number | undefined;
  #validationSeconds: number | undefined;
  #validationStart: number | undefined;

  /** Words of the captions that are learnt from in a second; undefined before the second step. */
  get wordsPerSecond(): number | undefined {
    return this.#wordsPerSecond;
  }

  add(event: TrainingEvent): void {
    const time = Date.parse(event.time);
    if (event.type === 'step') this.#addStep(time, event.words ?? 0);
    else if (event.type === 'epoch') this.#endValidation(time);
    else if (event.type === 'validation') this.#validationStart ??= this.#steps.at(-1)?.time ?? time;
    else if (event.type !== 'alarm') this.#steps = [];
    if (event.type === 'begin' || event.type === 'resume') this.#validationStart = undefined;
  }

  /** Returns the seconds that the remaining work takes; undefined before the second step. */
  secondsLeft({steps, validations, validated}: Remaining, now: number): number | undefined {
    const validation = this.#validationSeconds;
    const running = validated === undefined ? 0 : this.#validationLeft(validated, now);
    if (running === undefined || (steps > 0 && this.#secondsPerStep === undefined)) return undefined;
    return steps * (this.#secondsPerStep ?? 0) + validations * (validation ?? 0) + running;
  }

  #validationLeft(validated: number, now: number): number | undefined {
    const spent = this.#validationStart === undefined ? 0 : (now - this.#validationStart) / 1000;
    if (this.#validationSeconds !== undefined) return Math.max(0, this.#validationSeconds - spent);
    return validated > 0 ? (spent / validated) * (1 - validated) : undefined;
  }

  #addStep(time: number, words: number): void {
    this.#steps.push({time, words});
    const [first] = this.#steps;
    if (this.#steps.length > most || time - first!.time > span) this.#steps.shift();
    const seconds = (time - this.#steps[0]!.time) / 1000;
    if (this.#steps.length < 2 || seconds <= 0) return;
    this.#secondsPerStep = seconds / (this.#steps.length - 1);
    this.#wordsPerSecond = this.#steps.slice(1).reduce((sum, step) => sum + step.words, 0) / seconds;
  }

  #endValidation(time: number): void {
    const start = this.#validationStart ?? this.#steps.at(-1)?.time;
    if (start !== undefined) this.#validationSeconds = Math.max(0, time - start) / 1000;
    this.#validationStart = undefined;
    this.#steps = [];
  }
}
