/**
 * Loss curves that grow while a model trains: training loss by step (each step pale, smoothed strong), validation loss
 * as it is measured, the learning rate below; one figure, redrawn in place. Points of a run that is resumed can be given first.
 */
import {figureBundle, type Figure} from './figure';
import {linesSvg} from './lines-svg';
import {lossFigure, lossLines, lossText, type LossPoint} from './loss-figure';
import {breathe, inNotebook, Slot} from './output';
import {Throttle} from './throttle';

/** Loss curves in one slot. */
export interface LossCurves {
  /** Adds a point; bound, so it can be handed on: `onStep: curves.add`. Await it to let the figure out at once. */
  readonly add: (point: LossPoint) => Promise<void>;
  /** Draws the final state as a figure that can be zoomed; what comes later is drawn again. */
  readonly finish: () => Promise<void>;
  /** The figure as it stands. */
  readonly figure: () => Figure;
}

/** Options of `lossCurves`. */
export interface LossCurvesOptions {
  /** Points of the run so far. @default none */
  readonly history?: readonly LossPoint[];
  /** @default 'Loss' */
  readonly title?: string;
  /** How strongly the training loss is smoothed, 0 (not) to 1. @default 0.9 */
  readonly smoothing?: number;
}

/**
 * Shows loss curves that grow while a model trains.
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
  // JupyterLab's Plotly renderer never redraws a figure that it has drawn, so while the model trains the slot shows an image.
  const live = (): void => {
    const {upper, lower} = lossLines(points, smoothing);
    const svg = linesSvg({
      title,
      x: 'step',
      panels: [
        {title: 'loss', lines: upper},
        {title: 'learningRate', lines: lower},
      ],
    });
    slot.show({'image/svg+xml': svg, 'text/plain': lossText(points)});
  };
  const painter = new Throttle(live);
  let printed = points.length;

  const add = async (point: LossPoint): Promise<void> => {
    points.push({...point});
    if (inNotebook()) return point.validationLoss === undefined ? painter.request() : painter.finish();
    if (point.validationLoss !== undefined) print();
  };
  const print = (): void => {
    if (printed === points.length) return;
    printed = points.length;
    console.log(lossText(points));
  };
  const finish = async (): Promise<void> => {
    if (!inNotebook()) return print();
    painter.stop();
    slot.show(figureBundle(figure()));
    await breathe();
  };
  return {add, finish, figure};
}
