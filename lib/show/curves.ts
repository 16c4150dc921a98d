/**
 * Live loss curves: raw and smoothed training loss, validation loss, and the learning rate below, in one figure that is redrawn in
 * place. A resumed run can pass its earlier points.
 */
import {figureBundle, type Figure} from './figure';
import {linesSvg} from './lines-svg';
import {lossFigure, lossLines, lossText, type LossPoint} from './loss-figure';
import {breathe, inNotebook, Slot} from './output';
import {Throttle} from './throttle';

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
}

/**
 * Creates live loss curves.
 *
 * @example
 * const curves = lossCurves();
 * await trainer.train({epochs: 10, onStep: curves.add, onEpoch: curves.add});
 * await curves.finish();
 */
export function lossCurves({
  history = [],
  title = 'Loss',
  smoothing = 0.9,
}: LossCurvesOptions = {}): LossCurves {
  const points = [...history];
  const slot = new Slot();
  const figure = (): Figure => lossFigure(points, title, smoothing);
  // JupyterLab's Plotly renderer never redraws a figure, so the slot shows an image until training ends.
  const live = (): void => {
    const {upper, lower} = lossLines(points, smoothing);
    const svg = linesSvg({
      title,
      x: 'step',
      panels: [
        {title: 'loss', lines: upper},
        {title: 'learning rate', lines: lower},
      ],
    });
    slot.show({'image/svg+xml': svg, 'text/plain': lossText(points)});
  };
  const throttle = new Throttle(live);
  let printed = points.length;

  const add = async (point: LossPoint): Promise<void> => {
    points.push({...point});
    if (inNotebook()) return point.validationLoss === undefined ? throttle.request() : throttle.finish();
    if (point.validationLoss !== undefined) print();
  };
  const print = (): void => {
    if (printed === points.length) return;
    printed = points.length;
    console.log(lossText(points));
  };
  const finish = async (): Promise<void> => {
    if (!inNotebook()) return print();
    throttle.stop();
    slot.show(figureBundle(figure()));
    await breathe();
  };
  return {add, finish, figure};
}
