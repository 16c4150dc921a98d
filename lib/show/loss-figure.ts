/** The losses of a run in three forms: lines for the live image, the final Plotly figure, and text. */
import type {Figure} from './figure';
import type {Line, LinePoint} from './lines-svg';
import {palette, shade} from './palette';
import {formatNumber} from './text';

/** Values after a step or an epoch, such as the trainer's reports. All but the step are optional. */
export interface LossPoint {
  readonly step: number;
  readonly epoch?: number;
  readonly loss?: number;
  readonly validationLoss?: number;
  readonly learningRate?: number;
}

/** Returns the lines of the live image: losses in the upper panel, the learning rate in the lower. */
export function lossLines(points: readonly LossPoint[], smoothing: number): {upper: Line[]; lower: Line[]} {
  const training = thin(pick(points, 'loss'), smoothing);
  const smooth = training.map((point) => ({x: point.x, y: point.smooth}));
  return {
    upper: [
      {name: '', color: palette.blue, width: 1, opacity: 0.3, points: training},
      {name: 'training', color: palette.blue, width: 2.5, points: smooth},
      {
        name: 'validation',
        color: palette.orange,
        width: 2.5,
        dots: true,
        points: pick(points, 'validationLoss'),
      },
    ],
    lower: [
      {name: '', color: palette.grey, width: 1.5, steps: true, points: changes(pick(points, 'learningRate'))},
    ],
  };
}

/** Returns the final figure; a star marks the best validation loss. */
export function lossFigure(points: readonly LossPoint[], title: string, smoothing: number): Figure {
  const training = thin(pick(points, 'loss'), smoothing);
  const validation = pick(points, 'validationLoss');
  const rates = changes(pick(points, 'learningRate'));
  const best = validation.reduce<LinePoint | undefined>((a, b) => (a && a.y <= b.y ? a : b), undefined);
  const dots = {
    size: validation.map((point) => (point === best ? 13 : 7)),
    symbol: validation.map((point) => (point === best ? 'star' : 'circle')),
    line: {width: 0},
  };
  const hover = 'step %{x:,}<br>%{y:.4f}';
  return {
    title,
    text: lossText(points),
    data: [
      {
        ...xy(training),
        name: 'each step',
        line: {color: palette.blue, width: 1},
        opacity: 0.3,
        hoverinfo: 'skip',
      },
      {
        ...xy(training.map(({x, smooth}) => ({x, y: smooth}))),
        name: 'training',
        line: {color: palette.blue, width: 2.5},
        hovertemplate: hover,
      },
      {
        ...xy(validation),
        name: 'validation',
        mode: 'lines+markers',
        line: {color: palette.orange, width: 2.5},
        marker: dots,
        hovertemplate: hover,
      },
      {
        ...xy(rates),
        name: 'learning rate',
        yaxis: 'y2',
        line: {color: palette.grey, width: 1.5, shape: 'hv'},
        hovertemplate: 'step %{x:,}<br>%{y:.2e}',
        showlegend: false,
      },
    ],
    layout: {
      height: 420,
      uirevision: 'live', // keeps the reader's zoom when the figure is redrawn
      xaxis: {title: {text: 'step'}, anchor: 'y2', rangemode: 'tozero'},
      yaxis: {title: {text: 'loss (nats per word)'}, domain: [0.27, 1]},
      yaxis2: {
        title: {text: 'learning rate'},
        domain: [0, 0.17],
        gridcolor: shade.line,
        rangemode: 'tozero',
        nticks: 3,
        exponentformat: 'power',
        automargin: true,
      },
    },
  };
}

/** Summarises the newest state in one line. */
export function lossText(points: readonly LossPoint[]): string {
  const loss = pick(points, 'loss').at(-1);
  const validation = pick(points, 'validationLoss');
  const last = validation.at(-1);
  const best = validation.reduce<LinePoint | undefined>((a, b) => (a && a.y <= b.y ? a : b), undefined);
  if (points.length === 0) return 'No steps yet';
  const at = points.reduce((a, b) => (b.step >= a.step ? b : a));
  const learningRate = pick(points, 'learningRate').at(-1)?.y;
  return [
    `step ${formatNumber(at.step)}`,
    at.epoch !== undefined && `epoch ${at.epoch}`,
    loss && `training loss ${loss.y.toFixed(4)}`,
    last && `validation loss ${last.y.toFixed(4)}`,
    best && best !== last && `best ${best.y.toFixed(4)} at step ${formatNumber(best.x)}`,
    learningRate !== undefined && `learning rate ${formatNumber(learningRate)}`,
  ]
    .filter((part) => typeof part === 'string')
    .join(', ');
}

/**
 * Returns the points of a value in the order of steps, one per step. Epoch reports repeat the loss of their last step, and histories may
 * be unsorted.
 */
function pick(points: readonly LossPoint[], name: 'loss' | 'validationLoss' | 'learningRate'): LinePoint[] {
  const byStep = new Map<number, number>();
  for (const {step, [name]: value} of points)
    if (value !== undefined && !byStep.has(step)) byStep.set(step, value);
  return Array.from(byStep, ([x, y]) => ({x, y})).sort((a, b) => a.x - b.x);
}

function xy(points: readonly LinePoint[]): Record<string, unknown> {
  return {type: 'scatter', mode: 'lines', x: points.map(({x}) => x), y: points.map(({y}) => y)};
}

/** Averages over groups of steps, so that long runs redraw as fast as short ones, and adds the exponential moving average. */
function thin(points: readonly LinePoint[], smoothing: number, most = 400): (LinePoint & {smooth: number})[] {
  const group = Math.max(1, Math.ceil(points.length / most));
  const thinned: (LinePoint & {smooth: number})[] = [];
  let sum = 0;
  let average = 0;
  let weight = 0;
  for (const [at, {x, y}] of points.entries()) {
    sum += y;
    average = smoothing * average + (1 - smoothing) * y;
    weight = smoothing * weight + (1 - smoothing); // corrects the bias of an average that starts at 0
    const inGroup = (at % group) + 1;
    if (inGroup < group && at < points.length - 1) continue;
    thinned.push({x, y: sum / inGroup, smooth: average / weight});
    sum = 0;
  }
  return thinned;
}

/** Keeps the points where the value changes, and the ends. */
function changes(points: readonly LinePoint[]): LinePoint[] {
  const changed = points.filter(
    (point, at) => at === 0 || at === points.length - 1 || point.y !== points[at - 1]!.y,
  );
  const group = Math.ceil(changed.length / 500);
  return changed.filter((_, at) => at % group === 0 || at === changed.length - 1);
}
