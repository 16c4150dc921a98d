/** The epochs of a run: a table with the best values in bold, and a small chart of the losses and of each score. */
import type {EpochReport, History} from '../checkpoints/history';
import {showFigure, type Figure} from './figure';
import {palette, shade} from './palette';
import {rangeOf, ticksIn} from './svg-axis';
import {showTable, tableText, type Best, type Row} from './table';

/** Options of `showEpochs`. */
export interface EpochsOptions {
  /** Title of the charts. @default 'Scores on the validation split' */
  readonly title?: string;
}

/**
 * Shows the epochs of a run: a table with the best value of each column in bold and the best epoch marked, then a small chart of the losses
 * and of each score.
 *
 * @param run A trainer, or its history.
 * @param options Title of the charts.
 * @example showEpochs(trainer);
 */
export function showEpochs(
  run: History | {readonly history: History},
  {title = 'Scores on the validation split'}: EpochsOptions = {},
): void {
  const {epochs} = 'history' in run ? run.history : run;
  const rows = epochRows(epochs);
  showTable(rows, {best: bestOf(rows), limit: 100});
  if (epochs.length > 1) showFigure(epochsFigure(epochs, title));
}

/** Returns the table of `showEpochs`: losses, scores and seconds by epoch, with a star at the best epoch. */
export function epochRows(epochs: readonly EpochReport[]): Row[] {
  // Every epoch that was the best at its time says so; the last of them is the best of all.
  const best = epochs.map((report) => report.best).lastIndexOf(true);
  return epochs.map(({epoch, loss, validationLoss, metrics, seconds}, at) => ({
    epoch,
    best: at === best ? '★' : '',
    loss,
    ...(Number.isFinite(validationLoss) && {'validation loss': validationLoss}),
    ...metrics,
    seconds,
  }));
}

function bestOf(rows: readonly Row[]): Record<string, Best> {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  for (const name of ['epoch', 'seconds', 'best']) names.delete(name);
  return Object.fromEntries([...names].map((name) => [name, /loss$/.test(name) ? 'low' : 'high']));
}

interface Panel {
  readonly title: string;
  readonly lines: readonly {
    readonly name: string;
    readonly color: string;
    readonly values: readonly (number | undefined)[];
  }[];
}

/** Returns the number of small charts in a row that leaves the fewest holes. */
function chartsPerRow(count: number): number {
  const holes = (columns: number): number => columns * Math.ceil(count / columns) - count;
  return [3, 4, 2].reduce((best, other) => (holes(other) < holes(best) ? other : best));
}

/** Returns the small charts of `showEpochs`; the best epoch is a larger dot. */
export function epochsFigure(epochs: readonly EpochReport[], title: string): Figure {
  const names = [...new Set(epochs.flatMap(({metrics}) => Object.keys(metrics)))];
  const panels: Panel[] = [
    {
      title: 'loss',
      lines: [
        {name: 'training loss', color: palette.blue, values: epochs.map(({loss}) => loss)},
        {name: 'validation loss', color: palette.orange, values: epochs.map((one) => one.validationLoss)},
      ],
    },
    ...names.map((name) => ({
      title: name,
      lines: [{name, color: palette.green, values: epochs.map(({metrics}) => scoreOf(metrics[name]))}],
    })),
  ];
  const columns = chartsPerRow(panels.length);
  const rows = Math.ceil(panels.length / columns);
  const best = epochs.map((report) => report.best).lastIndexOf(true);
  const places = panels.map((panel, at) => placeOf(panel, at, columns, rows));
  return {
    title,
    text: `${title}\n${tableText(epochRows(epochs), {best: bestOf(epochRows(epochs)), limit: 100})}`,
    data: panels.flatMap(({lines}, at) =>
      lines.map(({name, color, values}) => ({
        type: 'scatter',
        mode: 'lines+markers',
        name,
        x: epochs.map(({epoch}) => epoch),
        y: values.map((value) => value ?? NaN),
        xaxis: places[at]!.x,
        yaxis: places[at]!.y,
        line: {color, width: 2},
        marker: {
          color,
          size: epochs.map((_, epoch) => (epoch === best ? 11 : 5)),
          opacity: 1,
          line: {width: 0},
        },
        showlegend: color !== palette.green,
        hovertemplate: 'epoch %{x}: %{y:.4f}<extra>%{fullData.name}</extra>',
      })),
    ),
    layout: {
      height: heightOf(rows),
      annotations: places.map(({annotation}) => annotation),
      ...Object.fromEntries(places.flatMap(({layout}) => Object.entries(layout(epochs)))),
    },
  };
}

/** A score next to nothing is 0 to every reader; its axis would have ten decimals. */
function scoreOf(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && value < 1e-4 ? 0 : value;
}

function heightOf(rows: number): number {
  return 100 + 180 * rows;
}

interface PanelPlace {
  readonly x: string;
  readonly y: string;
  readonly annotation: object;
  readonly layout: (epochs: readonly EpochReport[]) => object;
}

/** Returns the axes of a small chart: their names, where they lie, and the text above them. */
function placeOf({title}: Panel, at: number, columns: number, rows: number): PanelPlace {
  const suffix = at === 0 ? '' : String(at + 1);
  const [column, row] = [at % columns, Math.floor(at / columns)];
  const gap = 0.27 / columns;
  const width = (1 - gap * (columns - 1)) / columns;
  const left = column * (width + gap);
  // Above each chart there is space for its title, below for its ticks.
  const [space, above, below] = [heightOf(rows) - 118, 18, 28];
  const height = (space - rows * above - (rows - 1) * below) / rows / space;
  const high = 1 - (row * (above + below) + above) / space - row * height;
  const low = Math.max(0, high - height);
  const line = {gridcolor: shade.line, zerolinecolor: shade.line, linecolor: shade.line};
  return {
    x: `x${suffix}`,
    y: `y${suffix}`,
    annotation: {
      text: title,
      x: left,
      y: high,
      xref: 'paper',
      yref: 'paper',
      xanchor: 'left',
      yanchor: 'bottom',
      showarrow: false,
      font: {size: 12},
    },
    layout: (epochs) => ({
      [`xaxis${suffix}`]: {
        ...line,
        domain: [left, left + width],
        anchor: `y${suffix}`,
        tickvals: ticksIn(rangeOf(epochs.map(({epoch}) => epoch)), 4, true),
      },
      [`yaxis${suffix}`]: {
        ...line,
        domain: [low, high],
        anchor: `x${suffix}`,
        nticks: 4,
        exponentformat: 'none',
      },
    }),
  };
}
