/**
 * Live loss curves for steps that you take yourself: training loss, each step and smoothed, validation loss, gradient norm and learning
 * rate, in one figure that is updated in place. For `Trainer.train` use `watchTraining`.
 */
import {chartFigure} from './chart';
import {chartImage, chartSvg} from './chart-svg';
import {figureBundle, type Figure} from './figure';
import {breathe, inNotebook, Slot} from './output';
import {Throttle} from './throttle';
import {TrainingCurves} from './training-curves';
import {logLines} from '../terminal';

/** Values after a step or an epoch, such as the trainer's reports. All but the step are optional. */
export interface LossPoint {
  readonly step: number;
  readonly epoch?: number;
  readonly loss?: number;
  readonly validationLoss?: number;
  readonly learningRate?: number;
  readonly gradientNorm?: number;
}

/** Loss curves in one output below the cell. */
export interface LossCurves {
  /** Adds a point. It is bound, so you can pass it as a callback: `onStep: curves.add`. Await it so that the notebook can update. */
  readonly add: (point: LossPoint) => Promise<void>;
  /** Draws the final state as an interactive figure. Points added later are drawn again. */
  readonly finish: () => Promise<void>;
  /** Returns the current figure. */
  readonly figure: () => Figure;
}

/** Options of `lossCurves`. */
export interface LossCurvesOptions {
  /** Points of the run so far. @default none */
  readonly history?: readonly LossPoint[];
  /** Title of the figure. @default 'Loss' */
  readonly title?: string;
  /** Decay of the moving average of the training loss, from 0 (none) to 1. @default 0.9 */
  readonly smoothing?: number;
  /** Steps that are planned, to which the horizontal axis goes. @default it grows with the points */
  readonly steps?: number;
}

/**
 * Creates live loss curves.
 *
 * @example
 * const curves = lossCurves({steps: 60});
 * for (let i = 0; i < 60; i++) await curves.add(trainer.step());
 * await curves.finish();
 */
export function lossCurves({
  history = [],
  title = 'Loss',
  smoothing = 0.9,
  steps = 0,
}: LossCurvesOptions = {}): LossCurves {
  const curves = new TrainingCurves(steps, smoothing);
  const take = ({step, loss, validationLoss, ...rest}: LossPoint): void => {
    if (loss !== undefined) curves.addStep({step, loss, ...rest});
    if (validationLoss !== undefined) curves.addValidation(step, validationLoss);
  };
  // Epochs repeat the loss of their last step, and histories may be unsorted.
  for (const point of [...history].sort((a, b) => a.step - b.step || Number(isEpoch(a)) - Number(isEpoch(b))))
    take(point);
  const slot = new Slot();
  const throttle = new Throttle(() => {
    const chart = curves.chart(title);
    slot.show({'text/html': chartImage(chart).text, 'text/plain': chart.text});
  });
  let printed = true;

  const print = (): void => {
    if (!printed) logLines(curves.text());
    printed = true;
  };
  const add = async (point: LossPoint): Promise<void> => {
    take(point);
    printed = false;
    if (inNotebook()) return isEpoch(point) ? throttle.finish() : throttle.request();
    if (isEpoch(point)) print();
  };
  const finish = async (): Promise<void> => {
    if (!inNotebook()) return print();
    throttle.stop();
    const chart = curves.chart(title);
    slot.show({...figureBundle(chartFigure(chart)), 'image/svg+xml': chartSvg(chart, 820)});
    await breathe();
  };
  return {add, finish, figure: () => chartFigure(curves.chart(title))};
}

function isEpoch({validationLoss}: LossPoint): boolean {
  return validationLoss !== undefined;
}
