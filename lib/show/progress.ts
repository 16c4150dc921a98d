/**
 * How far a long piece of work is, the same call everywhere: a bar below the cell in a notebook, a bar on stderr in a terminal, a line
 * now and then where the output is a file.
 */
import {SingleBar, type Options} from 'cli-progress';
import {html} from './html';
import {inNotebook, Slot} from './output';
import {Throttle} from './throttle';
import {palette, shade} from './palette';
import {formatDuration, formatNumber} from './text';

/** A progress display. */
export interface Progress {
  /**
   * Says how much is done; `note` stands behind the numbers. Bound, so it can be handed on:
   * `onProgress: progress('Encoding').update`. The bar finishes by itself when all is done.
   */
  readonly update: (done: number, total?: number, note?: string) => Promise<void>;
  /** Shows the last state; call it in `finally` where work may end early. */
  readonly finish: (note?: string) => Promise<void>;
}

interface State {
  readonly label: string;
  done: number;
  total: number | undefined;
  note: string | undefined;
  /** Done when the clock was started: what had been done before does not count for the speed. */
  from: number | undefined;
  readonly start: number;
}

/**
 * Starts a progress display.
 *
 * @param total May come later, with an update.
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

interface View {
  draw(): Promise<void> | void;
  finish(): Promise<void> | void;
}

function notebookView(state: State): View {
  const slot = new Slot();
  let over = false;
  const painter = new Throttle(
    () => slot.show({'text/html': bar(state, over), 'text/plain': line(state, over)}),
    200,
  );
  return {
    draw: () => painter.request(),
    finish: () => {
      over = true;
      return painter.finish();
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
  const payload = (over = false): object => ({label: state.label, line: line(state, over, false)});
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

const every = 10_000; // ms between lines in a log

function logView(state: State): View {
  let last = performance.now();
  const print = (over: boolean): void => void process.stderr.write(`${line(state, over)}\n`);
  return {
    draw: () => {
      if (performance.now() - last < every) return;
      last = performance.now();
      print(false);
    },
    finish: () => print(true),
  };
}

/** `Encoding 120 of 600 (20 %), 25.1 a second, 19 s left`. */
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
  const share = total ? Math.min(1, done / total) : over ? 1 : 0;
  const track = `flex:0 1 220px;min-width:80px;height:8px;border-radius:4px;background:${shade.line};overflow:hidden`;
  const fill = `width:${(100 * share).toFixed(1)}%;height:100%;background:${share === 1 ? palette.green : palette.blue}`;
  return html`<div
    style="display:flex;flex-wrap:wrap;align-items:center;gap:4px 12px;font-size:13px;margin:4px 0"
  >
    <span style="font-weight:600">${label}</span>
    <div
      role="progressbar"
      aria-label="${label}"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow="${Math.round(100 * share)}"
      style="${track}"
    >
      <div style="${fill}"></div>
    </div>
    <span style="opacity:.75;font-variant-numeric:tabular-nums">${line(state, over, false)}</span>
  </div>`.text;
}
