/** A sweep with a table that grows: a row for each run, updated while it trains. */
import type {Dataset} from '../datasets/dataset';
import type {RunSummary} from '../training/list-runs';
import {runSweep, type SweepEntry, type SweepOptions, type SweepRecipes} from '../training/sweep';
import {breathe, inNotebook, Slot} from './output';
import {progress as showProgress} from './progress';
import {runsTable} from './runs';
import {tableHtml, tableText, type Row} from './table';
import {Throttle} from './throttle';
import {logLines} from '../terminal';

/** Options of `sweep`. */
export interface ShownSweepOptions extends SweepOptions {
  /** Metric that runs are compared by. @default `factual` where all runs have it, otherwise CIDEr-D */
  readonly metric?: string;
}

/**
 * Trains one run after another, each with other settings, and shows a table of them that grows; the best score is bold. Stop it whenever you
 * like and call it again: complete runs are skipped, the stopped one is resumed. A run whose loss is no longer finite is marked as failed,
 * and the next one begins.
 *
 * @param data The data set that all runs learn from.
 * @param recipes Recipes by name, or a list of settings, which name themselves (`units=256`).
 * @param options Folder of the sweep, and what all runs have in common.
 * @returns The runs, for `showRuns`.
 * @throws CaptionerError as `prepareTraining`; `mismatch` when a run of the same name was trained with other settings; `stopped`
 * @example
 * const dataset = await openDataset('scenes');
 * const runs = await sweep(dataset, [{units: 128}, {units: 256}], {run: 'checkpoints/units', trainerOptions: {epochs: 4}});
 * showRuns(runs);
 */
export async function sweep(
  data: Dataset,
  recipes: SweepRecipes,
  {metric, progress = showProgress, ...options}: ShownSweepOptions,
): Promise<RunSummary[]> {
  const view = inNotebook() ? notebookView(metric) : terminalView();
  const callbacks = {
    onChange: view.change,
    onStep: (name: string, {step}: {readonly step: number}, {trainer}: {readonly trainer: Planned}) =>
      view.step(name, step, trainer.options.epochs * trainer.stepsPerEpoch),
  };
  try {
    return await runSweep(data, recipes, {...options, progress}, callbacks);
  } finally {
    await view.finish(metric);
  }
}

interface Planned {
  readonly options: {readonly epochs: number};
  readonly stepsPerEpoch: number;
}

interface View {
  readonly change: (entries: readonly SweepEntry[]) => Promise<void>;
  readonly step: (name: string, step: number, total: number) => Promise<void>;
  readonly finish: (metric: string | undefined) => Promise<void>;
}

function notebookView(metric: string | undefined): View {
  const slot = new Slot();
  let entries: readonly SweepEntry[] = [];
  let current: {readonly name: string; readonly text: string} | undefined;
  const draw = (): void => {
    const {rows, table} = sweepTable(entries, metric, current);
    slot.show({'text/html': tableHtml(rows, table).text, 'text/plain': tableText(rows, table)});
  };
  const throttle = new Throttle(draw, 500);
  return {
    change: (next) => {
      entries = next;
      return throttle.request();
    },
    step: (name, step, total) => {
      current = {name, text: `step ${step} of ${total}`};
      return throttle.request();
    },
    finish: async () => {
      current = undefined;
      await throttle.finish();
      await breathe();
    },
  };
}

function terminalView(): View {
  let entries: readonly SweepEntry[] = [];
  let bar: {readonly name: string; readonly shown: ReturnType<typeof showProgress>} | undefined;
  const end = async (): Promise<void> => {
    await bar?.shown.finish();
    bar = undefined;
  };
  return {
    change: (next) => {
      entries = next;
      return Promise.resolve();
    },
    step: async (name, step, total) => {
      if (bar?.name !== name) {
        await end();
        bar = {name, shown: showProgress(name, total)};
      }
      await bar.shown.update(step);
    },
    finish: async (metric) => {
      await end();
      if (entries.length === 0) return;
      const {rows, table} = sweepTable(entries, metric);
      logLines(tableText(rows, table));
    },
  };
}

/** Returns the table of a sweep: the columns of `showRuns`, and rows for runs that have not begun. */
function sweepTable(
  entries: readonly SweepEntry[],
  metric: string | undefined,
  current?: {readonly name: string; readonly text: string},
): {rows: Row[]; table: object} {
  const begun = entries.flatMap(({run}) => (run ? [run] : []));
  const {rows, table} = runsTable(begun, {title: 'Sweep', ...(metric !== undefined && {metric})});
  const byName = new Map(begun.map(({name}, at) => [name, rows[at]!]));
  const all = entries.map(({name, state, error}): Row => {
    const row = byName.get(name);
    const running = state === 'running' ? (current?.name === name ? current.text : 'running') : state;
    return {run: name, ...row, state: error === undefined ? running : `failed: ${error}`};
  });
  return {rows: all, table};
}
