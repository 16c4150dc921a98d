/** The curves of a run: training loss, each step and smoothed, validation loss, gradient norm and learning rate. */
import type {Chart, ChartLine} from './chart';
import {palette} from './palette';
import {MovingAverage, Series, type LinePoint} from './series';
import {formatNumber} from './text';

/** Values of a step. */
export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
  readonly learningRate?: number;
  readonly gradientNorm?: number;
}

/** Steps that the smoothed loss averages over: enough for a smooth line, few enough to follow the training. */
function smoothingOf(steps: number): number {
  return 1 - 1 / Math.max(10, steps / 75);
}

export class TrainingCurves {
  readonly #loss = new Series();
  readonly #smooth = new Series('last');
  readonly #norm = new Series();
  readonly #rate = new Series('last');
  readonly #validation: LinePoint[] = [];
  readonly #average: MovingAverage;
  #step = 0;

  #steps: number;

  /**
   * @param steps Steps that are planned.
   * @param smoothing Decay of the moving average of the training loss, from 0 (none) to 1. Absent: it suits the number of steps.
   */
  constructor(
    steps: number,
    private readonly smoothing?: number,
  ) {
    this.#steps = steps;
    this.#average = new MovingAverage(smoothing ?? smoothingOf(steps));
  }

  /** Changes the number of steps that are planned. */
  plan(steps: number): void {
    this.#steps = steps;
    this.#average.decay = this.smoothing ?? smoothingOf(steps);
  }

  /** Smoothed training loss; undefined before the first step. */
  get loss(): number | undefined {
    return this.#step === 0 ? undefined : this.#average.value;
  }

  addStep({step, loss, learningRate, gradientNorm}: CurvePoint): void {
    if (step <= this.#step) return; // already known from the history
    this.#step = step;
    this.#loss.add(step, loss);
    this.#smooth.add(step, this.#average.add(loss));
    if (gradientNorm !== undefined) this.#norm.add(step, gradientNorm);
    if (learningRate !== undefined) this.#rate.add(step, learningRate);
  }

  addValidation(step: number, loss: number | null): void {
    if (loss === null || !Number.isFinite(loss) || (this.#validation.at(-1)?.x ?? 0) >= step) return;
    this.#validation.push({x: step, y: loss});
  }

  /** Returns the chart, whose horizontal axis goes to the planned end. */
  chart(title: string): Chart {
    const [blue, grey] = [palette.blue, palette.grey];
    const losses: ChartLine[] = [
      {name: 'each step', inLegend: false, color: blue, width: 1, opacity: 0.3, points: this.#loss.points},
      {name: 'training', color: blue, width: 2.5, points: this.#smooth.points},
      {name: 'validation', color: palette.orange, width: 2.5, dots: true, points: this.#validation},
    ];
    const norms = [
      {name: 'gradient norm', inLegend: false, color: palette.purple, width: 1.2, points: this.#norm.points},
    ];
    const rates = [
      {
        name: 'learning rate',
        inLegend: false,
        color: grey,
        width: 1.8,
        steps: true,
        points: this.#rate.points,
      },
    ];
    return {
      title,
      text: this.text(),
      height: 290,
      to: Math.max(this.#steps, this.#step, 1),
      panels: [
        {
          title: 'loss (nats per word)',
          across: [0, 0.67],
          down: [0, 1],
          lines: losses,
          ticks: [6, 5],
          x: 'step',
        },
        {
          title: 'gradient norm',
          across: [0.76, 1],
          down: [0, 0.4],
          lines: norms,
          fromZero: true,
          ticks: [3, 2],
        },
        {title: 'learning rate', across: [0.76, 1], down: [0.62, 1], lines: rates, fromZero: true, ticks: [3, 2], x: 'step'}, // prettier-ignore
      ],
    };
  }

  /** Summarises the newest state in one line. */
  text(): string {
    if (this.#step === 0) return 'No steps yet';
    const last = this.#validation.at(-1);
    const best = this.#validation.reduce<LinePoint | undefined>(
      (a, b) => (a && a.y <= b.y ? a : b),
      undefined,
    );
    return [
      `step ${formatNumber(this.#step)}${this.#steps > 0 ? ` of ${formatNumber(Math.max(this.#steps, this.#step))}` : ''}`,
      `training loss ${this.#average.value.toFixed(4)}`,
      last && `validation loss ${last.y.toFixed(4)}`,
      best && best !== last && `best ${best.y.toFixed(4)} at step ${formatNumber(best.x)}`,
      this.#rate.last && `learning rate ${formatNumber(this.#rate.last.y)}`,
    ]
      .filter((part) => typeof part === 'string')
      .join(', ');
  }
}
