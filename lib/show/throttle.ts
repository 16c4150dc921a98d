/**
 * Keeps live output from flooding the notebook: several hundred updates in a burst hang a cell for good. Whatever asks to be
 * drawn is drawn at most every `interval` milliseconds, all painters together at most ten times a second, and the
 * newest state always in the end.
 */
import {breathe} from './output';

const leastGap = 100; // ms
let lastOfAll = -Infinity;

export class Throttle {
  private last = -Infinity;
  private cost = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly draw: () => void,
    private readonly interval: number = 250,
  ) {}

  /** Draws now if it is time, else later. Await it where other work would keep the output from leaving. */
  request(): Promise<void> {
    const now = performance.now();
    const pause = Math.max(this.interval, 20 * this.cost); // drawing takes at most a twentieth of the time
    const due = Math.max(this.last + pause, lastOfAll + leastGap);
    if (now >= due) return this.finish();
    // The timer fires only when the caller yields; a loop that never does is served by its own next request.
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        void this.request();
      },
      due - now + 1,
    );
    return Promise.resolve();
  }

  /** Forgets what waits to be drawn. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Draws the newest state at once. */
  finish(): Promise<void> {
    this.stop();
    const start = performance.now();
    this.draw();
    this.last = lastOfAll = performance.now();
    this.cost = this.last - start;
    return breathe();
  }
}
