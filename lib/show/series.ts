/**
 * Values over the steps of a run, thinned while they are collected: a long run is drawn as fast as a short one, and adding a value takes
 * no time worth mentioning.
 */

/** A point of a line. */
export interface LinePoint {
  readonly x: number;
  readonly y: number;
}

/** Points are merged in pairs when there are more. */
const most = 600;

export class Series {
  readonly #points: LinePoint[] = [];
  #group = 1;
  #sum = 0;
  #count = 0;
  #last: LinePoint | undefined;

  /** @param merge What a point stands for that was merged from several: their mean, or the last of them. */
  constructor(private readonly merge: 'mean' | 'last' = 'mean') {}

  /** Adds a value. Values that are no numbers are left out. */
  add(x: number, y: number): void {
    if (!Number.isFinite(y)) return;
    this.#sum += y;
    this.#count++;
    this.#last = {x, y};
    if (this.#count < this.#group) return;
    this.#points.push(this.#pending());
    this.#sum = this.#count = 0;
    if (this.#points.length < most) return;
    const merged = Array.from({length: most / 2}, (_, at) => this.#merged(2 * at));
    this.#points.splice(0, most, ...merged);
    this.#group *= 2;
  }

  /** The newest value, unmerged. */
  get last(): LinePoint | undefined {
    return this.#last;
  }

  /** The points, up to the newest value. */
  get points(): LinePoint[] {
    return this.#count === 0 ? [...this.#points] : [...this.#points, this.#pending()];
  }

  #pending(): LinePoint {
    const {x, y} = this.#last!;
    return {x, y: this.merge === 'mean' ? this.#sum / this.#count : y};
  }

  #merged(at: number): LinePoint {
    const [a, b] = [this.#points[at]!, this.#points[at + 1]!];
    return {x: b.x, y: this.merge === 'mean' ? (a.y + b.y) / 2 : b.y};
  }
}

/** Exponential moving average without bias at the start. */
export class MovingAverage {
  #average = 0;
  #weight = 0;

  /** @param decay From 0 (none) to 1. */
  constructor(public decay: number) {}

  /** Adds a value and returns the average. */
  add(value: number): number {
    if (!Number.isFinite(value)) return this.value;
    this.#average = this.decay * this.#average + (1 - this.decay) * value;
    this.#weight = this.decay * this.#weight + (1 - this.decay);
    return this.value;
  }

  get value(): number {
    return this.#average / this.#weight;
  }
}
