/**
 * Limits the rate of live output, because a burst of several hundred updates hangs a notebook cell. Each throttle draws at most every
 * `interval` milliseconds, all together draw at most ten times a second, and the newest state is always drawn in the end.
 */
import {breathe} from './output';

const globalInterval = 100; // ms
const longestPause = 3000; // ms
let lastOfAll = -Infinity;

export class Throttle {
  private last = -Infinity;
  private cost = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly draw: () => void,
    private readonly interval: number = 250,
  ) {}

  /** Draws now if the interval has passed, else later. Await it in a busy loop, so that the output is sent. */
  request(): Promise<void> {
    const now = performance.now();
    // Drawing takes at most a three-hundredth of the time, but on a busy machine the view goes on, too.
    const pause = Math.max(this.interval, Math.min(300 * this.cost, longestPause));
    const due = Math.max(this.last + pause, lastOfAll + globalInterval);
    if (now >= due) return this.finish();
    // The timer fires only when the caller yields. A loop that never yields draws with its next request.
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        void this.request();
      },
      due - now + 1,
    );
    return Promise.resolve();
  }

  /** Cancels a pending draw. */
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
