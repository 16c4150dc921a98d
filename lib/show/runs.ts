/** Runs in a table and their validation curves in one figure. */
import {listRuns, type EpochSummary, type RunSummary} from '../training/list-runs';
import {showFigure, type Figure} from './figure';
import {html} from './html';
import {show} from './output';
import {series} from './palette';
import {showTable, tableText, type Row} from './table';
import {formatDuration, formatNumber} from './text';

/** Options of `showRuns`. */
export interface RunsOptions {
  /** Metric that runs are compared by. @default `factual` where all runs have it, otherwise CIDEr-D */
  readonly metric?: string;
  /** Caption of the table. @default 'Runs' */
  readonly title?: string;
}

/**
 * Shows runs: a table of the settings that differ among them, their best scores and how far they are, and their validation curves laid
 * over each other.
 *
 * @param runs Runs, as `listRuns` returns them. @default all of the project
 * @example
 * showRuns(listRuns().slice(0, 5), {metric: 'METEOR'});
 */
export function showRuns(runs: readonly RunSummary[] = listRuns(), options: RunsOptions = {}): void {
  if (runs.length === 0)
    return show({
      'text/html': html`<p>There are no runs yet.</p>`.text,
      'text/plain': 'There are no runs yet.',
    });
  const {rows, table} = runsTable(runs, options);
  showTable(rows, table);
  if (runs.some(({history}) => history.length > 0)) showFigure(runsFigure(runs, metricOf(runs, options)));
}

/** Returns the table of `showRuns` as text, for a terminal. */
export function runsText(runs: readonly RunSummary[], options: RunsOptions = {}): string {
  const {rows, table} = runsTable(runs, options);
  return tableText(rows, table);
}

/** Returns the rows of the table, and which of its columns is to be highest or lowest. */
export function runsTable(
  runs: readonly RunSummary[],
  options: RunsOptions = {},
): {rows: Row[]; table: {caption: string; best: Record<string, 'high' | 'low'>}} {
  const metric = metricOf(runs, options);
  const others = ['CIDEr-D', 'METEOR', 'BLEU-4'].filter(
    (name) => name !== metric && runs.some(({best}) => best?.metrics[name] !== undefined),
  );
  const settings = differingSettings(runs);
  const parts = (['decoder', 'encoder', 'fineTune', 'data'] as const).filter((part) =>
    differs(runs.map((run) => run[part])),
  );
  const interval = runs.some(({best}) => best?.intervals?.[metric]);
  const rows = runs.map((run): Row => {
    const {best} = run;
    const range = best?.intervals?.[metric];
    return {
      'run': run.name,
      'state': stateOf(run),
      ...Object.fromEntries(parts.map((part) => [part === 'fineTune' ? 'fine-tuned from' : part, run[part]])),
      ...Object.fromEntries(settings.map((name) => [name, run.settings[name]])),
      'epochs': run.plannedEpochs === undefined ? `${run.epochs}` : `${run.epochs} of ${run.plannedEpochs}`,
      [metric]: best?.metrics[metric],
      ...(interval && {'95 % interval': range && `${range.low.toFixed(3)} to ${range.high.toFixed(3)}`}),
      ...Object.fromEntries(others.map((name) => [name, best?.metrics[name]])),
      'validation loss': finite(best?.validationLoss),
      'best epoch': best?.epoch,
      'time': formatDuration(run.seconds),
      'date': run.date.slice(0, 16).replace('T', ' '),
    };
  });
  const best = Object.fromEntries([metric, ...others].map((name) => [name, 'high' as const]));
  return {rows, table: {caption: options.title ?? 'Runs', best: {...best, 'validation loss': 'low'}}};
}

function stateOf({state, pid}: RunSummary): string {
  if (pid === undefined) return state;
  return pid === process.pid ? 'open here' : `${state} (process ${pid})`;
}

/** Returns the names of the settings whose values differ; of a single run those that differ from the defaults. */
function differingSettings(runs: readonly RunSummary[]): string[] {
  if (runs.length === 1) return Object.keys(runs[0]!.changed);
  const names = [...new Set(runs.flatMap(({settings}) => Object.keys(settings)))];
  return names.filter((name) => differs(runs.map(({settings}) => settings[name])));
}

/** Whether there are two values; a run that has none, since its decoder has no such option, is not counted. */
function differs(values: readonly unknown[]): boolean {
  return (
    new Set(values.filter((value) => value !== undefined).map((value) => JSON.stringify(value))).size > 1
  );
}

function metricOf(runs: readonly RunSummary[], {metric}: RunsOptions): string {
  if (metric !== undefined) return metric;
  const judged = runs.flatMap(({best}) => (best ? [best] : []));
  return judged.length > 0 && judged.every(({metrics}) => 'factual' in metrics) ? 'factual' : 'CIDEr-D';
}

/** Returns the figure of `showRuns`: score above, validation loss below, one colour for each run. */
export function runsFigure(runs: readonly RunSummary[], metric: string): Figure {
  const judged = runs.filter(({history}) => history.length > 0);
  const curve = (
    {name, history}: RunSummary,
    at: number,
    valueOf: (epoch: EpochSummary) => number | undefined,
    axis: object,
  ): Record<string, unknown> => ({
    type: 'scatter',
    mode: 'lines+markers',
    name,
    legendgroup: name,
    x: history.map(({epoch}) => epoch),
    y: history.map((epoch) => valueOf(epoch) ?? NaN),
    line: {color: series[at % series.length], width: 2, dash: at < series.length ? 'solid' : 'dash'},
    marker: {size: 5},
    hovertemplate: `%{fullData.name}<br>epoch %{x}: %{y:.4f}<extra></extra>`,
    ...axis,
  });
  const lines = judged.map(({name, best, epochs}) => {
    const score = best?.metrics[metric];
    const at =
      best && score !== undefined ? `${metric} ${formatNumber(score)} in epoch ${best.epoch}` : 'no score';
    return `${name}: ${at}, ${epochs} epochs`;
  });
  return {
    title: 'Validation',
    text: ['Validation', ...lines].join('\n'),
    data: [
      ...judged.map((run, at) => curve(run, at, ({metrics}) => metrics[metric], {})),
      ...judged.map((run, at) =>
        curve(run, at, ({validationLoss}) => validationLoss, {yaxis: 'y2', showlegend: false}),
      ),
    ],
    layout: {
      height: 460,
      xaxis: {title: {text: 'epoch'}, anchor: 'y2', ...wholeTicks(judged)},
      yaxis: {title: {text: metric}, domain: [0.44, 1]},
      yaxis2: {title: {text: 'loss (nats per word)'}, domain: [0, 0.36], automargin: true},
      showlegend: true,
    },
  };
}

/** Epochs are whole, and a phone has room for eight of them. */
function wholeTicks(runs: readonly RunSummary[]): object {
  const last = Math.max(1, ...runs.map(({epochs}) => epochs));
  return {dtick: Math.ceil(last / 8), tickangle: 0};
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
