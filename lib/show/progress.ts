/**
 * Progress of long tasks: a bar below the cell in a notebook, a bar on stderr in a terminal, and occasional lines when stderr is a file.
 */
import {SingleBar, type Options} from 'cli-progress';
import {inNotebook, Slot} from './output';
import {Throttle} from './throttle';
import {progressBar} from './progress-bar';
import {formatDuration, formatNumber} from './text';
import {printErrorLines, shown} from '../terminal';
import {showByDefault, type ShownProgress} from '../show-progress';

/** A progress display. */
export interface Progress extends ShownProgress {
  /**
   * Updates the progress; `note` is shown after the numbers. It is bound, so you can pass it as a callback:
   * `onProgress: progress('Encoding').update`. The bar finishes by itself when `done` reaches `total`.
   */
  readonly update: (done: number, total?: number, note?: string) => Promise<void>;
  /** Shows the final state. Call it in `finally` if the task can end early. */
  readonly finish: (note?: string) => Promise<void>;
}

interface State {
  readonly label: string;
  done: number;
  total: number | undefined;
  note: string | undefined;
  /** Amount done at the first update; excluded from the speed, because it may have been done before. */
  from: number | undefined;
  readonly start: number;
}

/**
 * Starts a progress display.
 *
 * @param label Name of the task.
 * @param total Total amount of work; can also be passed with an update.
 */
export function progress(label: string, total?: number): Progress {
  const state: State = {label, done: 0, total, note: undefined, from: undefined, start: performance.now()};
  const view = inNotebook()
    ? notebookView(state)
    : process.stderr.isTTY
      ? terminalView(state)
      : logView(state);
  let open = true;

  const finish = async (note = state.note): Promise<void> => {
    if (!open) return;
    open = false;
    state.note = note;
    await view.finish();
  };
  const update = async (done: number, total = state.total, note = state.note): Promise<void> => {
    Object.assign(state, {done, total, note});
    state.from ??= done > 1 ? done : 0;
    if (!open) return;
    if (total !== undefined && done >= total) await finish();
    else await view.draw();
  };
  return {update, finish};
}

showByDefault((label, total) => (inNotebook() ? progress(label, total) : {update: ignore, finish: ignore}));

function ignore(): Promise<void> {
  return Promise.resolve();
}

interface View {
  draw(): Promise<void> | void;
  finish(): Promise<void> | void;
}

function notebookView(state: State): View {
  const slot = new Slot();
  let over = false;
  const throttle = new Throttle(
    () => slot.show({'text/html': bar(state, over), 'text/plain': line(state, over)}),
    200,
  );
  return {
    draw: () => throttle.request(),
    finish: () => {
      over = true;
      return throttle.finish();
    },
  };
}

function terminalView(state: State): View {
  const options: Options = {
    format: `{label} {bar} {line}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    fps: 8,
    stream: process.stderr,
  };
  const terminal = new SingleBar(options);
  const payload = (over = false): object => ({
    label: shown(state.label),
    line: shown(line(state, over, false)),
  });
  let started = false;
  const draw = (over = false): void => {
    if (!started) terminal.start(state.total ?? state.done, state.done, payload(over));
    started = true;
    terminal.setTotal(state.total ?? state.done);
    terminal.update(state.done, payload(over));
  };
  return {
    draw: () => draw(),
    finish: () => {
      draw(true);
      terminal.stop();
    },
  };
}

const logInterval = 10_000; // ms

function logView(state: State): View {
  let last = performance.now();
  const print = (over: boolean): void => printErrorLines(shown(line(state, over)));
  return {
    draw: () => {
      if (performance.now() - last < logInterval) return;
      last = performance.now();
      print(false);
    },
    finish: () => print(true),
  };
}

/** Formats the state: `Encoding 120 of 600 (20 %), 25.1 a second, 19 s left`. */
function line(state: State, over: boolean, withLabel = true): string {
  const {done, total, from = 0, note} = state;
  const seconds = (performance.now() - state.start) / 1000;
  const speed = done > from && seconds > 0.5 ? (done - from) / seconds : undefined;
  const percent = total ? ` (${Math.floor((100 * done) / total)} %)` : '';
  return [
    `${withLabel ? `${state.label} ` : ''}${formatNumber(done)}${total === undefined ? '' : ` of ${formatNumber(total)}`}${percent}`,
    speed !== undefined && `${formatNumber(Number(speed.toPrecision(3)))} a second`,
    over && formatDuration(seconds),
    !over && speed !== undefined && total !== undefined && `${formatDuration((total - done) / speed)} left`,
    note !== undefined && note,
  ]
    .filter((part) => typeof part === 'string')
    .join(', ');
}

function bar(state: State, over: boolean): string {
  const {label, done, total} = state;
  const fraction = total ? Math.min(1, done / total) : over ? 1 : 0;
  return progressBar(label, fraction, [line(state, over, false)]).text;
}
