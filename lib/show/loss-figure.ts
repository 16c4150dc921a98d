/** What a run's losses look like: as lines for the live image, as a Plotly figure for the end, and in words. */
import type {Figure} from './figure';
import type {Line} from './lines-svg';
import {palette, shade} from './palette';
import {formatNumber} from './text';

/** What is known after a step or an epoch; whatever is missing is left out. The trainer's reports fit. */
export interface LossPoint {
  readonly step: number;
  readonly epoch?: number;
  readonly loss?: number;
  readonly validationLoss?: number;
  readonly learningRate?: number;
}

/** The lines of the live image: losses above, the learning rate below. */
export function lossLines(points: readonly LossPoint[], smoothing: number): {upper: Line[]; lower: Line[]} {
  const training = thin(pick(points, 'loss'), smoothing);
  const smooth = training.map((place) => ({x: place.x, y: place.smooth}));
  return {
    upper: [
      {name: '', color: palette.blue, width: 1, opacity: 0.3, places: training},
      {name: 'training', color: palette.blue, width: 2.5, places: smooth},
      {
        name: 'validation',
        color: palette.orange,
        width: 2.5,
        dots: true,
        places: pick(points, 'validationLoss'),
      },
    ],
    lower: [
      {name: '', color: palette.grey, width: 1.5, steps: true, places: changes(pick(points, 'learningRate'))},
    ],
  };
}

export function lossFigure(points: readonly LossPoint[], title: string, smoothing: number): Figure {
  const training = thin(pick(points, 'loss'), smoothing);
  const validation = pick(points, 'validationLoss');
  const rates = changes(pick(points, 'learningRate'));
  const best = validation.reduce<Place | undefined>((a, b) => (a && a.y <= b.y ? a : b), undefined);
  const dots = {
    size: validation.map((place) => (place === best ? 13 : 7)),
    symbol: validation.map((place) => (place === best ? 'star' : 'circle')),
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
        name: 'learningRate',
        yaxis: 'y2',
        line: {color: palette.grey, width: 1.5, shape: 'hv'},
        hovertemplate: 'step %{x:,}<br>%{y:.2e}',
        showlegend: false,
      },
    ],
    layout: {
      height: 420,
      uirevision: 'live', // what the reader zoomed stays zoomed when the figure is redrawn
      xaxis: {title: {text: 'step'}, anchor: 'y2', rangemode: 'tozero'},
      yaxis: {title: {text: 'loss (nats a word)'}, domain: [0.27, 1]},
      yaxis2: {
        title: {text: 'learningRate'},
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

/** The newest state in one line. */
export function lossText(points: readonly LossPoint[]): string {
  const loss = pick(points, 'loss').at(-1);
  const validation = pick(points, 'validationLoss');
  const last = validation.at(-1);
  const best = validation.reduce<Place | undefined>((a, b) => (a && a.y <= b.y ? a : b), undefined);
  if (points.length === 0) return 'No steps yet';
  const at = points.reduce((a, b) => (b.step >= a.step ? b : a));
  const learningRate = pick(points, 'learningRate').at(-1)?.y;
  return [
    `step ${formatNumber(at.step)}`,
    at.epoch !== undefined && `epoch ${at.epoch}`,
    loss && `training loss ${loss.y.toFixed(4)}`,
    last && `validation loss ${last.y.toFixed(4)}`,
    best && best !== last && `best ${best.y.toFixed(4)} at step ${formatNumber(best.x)}`,
    learningRate !== undefined && `rate ${formatNumber(learningRate)}`,
  ]
    .filter((part) => typeof part === 'string')
    .join(', ');
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** In the order of steps, one place a step: an epoch's report repeats a loss of its last step, and histories come in pieces. */
function pick(points: readonly LossPoint[], name: 'loss' | 'validationLoss' | 'learningRate'): Place[] {
  const byStep = new Map<number, number>();
  for (const {step, [name]: value} of points)
    if (value !== undefined && !byStep.has(step)) byStep.set(step, value);
  return Array.from(byStep, ([x, y]) => ({x, y})).sort((a, b) => a.x - b.x);
}

function xy(places: readonly Place[]): Record<string, unknown> {
  return {type: 'scatter', mode: 'lines', x: places.map(({x}) => x), y: places.map(({y}) => y)};
}

/** Means over equal numbers of steps, so that a long run redraws as fast as a short one, with the smoothed curve. */
function thin(places: readonly Place[], smoothing: number, most = 400): (Place & {smooth: number})[] {
  const group = Math.max(1, Math.ceil(places.length / most));
  const thinned: (Place & {smooth: number})[] = [];
  let sum = 0;
  let mean = 0;
  let weight = 0;
  for (const [at, {x, y}] of places.entries()) {
    sum += y;
    mean = smoothing * mean + (1 - smoothing) * y;
    weight = smoothing * weight + (1 - smoothing); // the mean starts at 0: divide by how much it has seen
    const inGroup = (at % group) + 1;
    if (inGroup < group && at < places.length - 1) continue;
    thinned.push({x, y: sum / inGroup, smooth: mean / weight});
    sum = 0;
  }
  return thinned;
}

/** Only where the value changes, and the ends: a rate that was constant for a thousand steps is two points. */
function changes(places: readonly Place[]): Place[] {
  const kept = places.filter(
    (place, at) => at === 0 || at === places.length - 1 || place.y !== places[at - 1]!.y,
  );
  const group = Math.ceil(kept.length / 500);
  return kept.filter((_, at) => at % group === 0 || at === kept.length - 1);
}
