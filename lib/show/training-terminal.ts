/**
 * The display of a training in a terminal: a bar with the time left at the bottom, and above it a table that grows by a row of scores and
 * the captions of the panel after each epoch. Where the output is no terminal, it is plain lines, one per epoch and caption.
 */
import {SingleBar} from 'cli-progress';
import {compareWords} from './changed-words';
import {printErrorLines, printStyled, shown} from '../terminal';
import {formatDuration} from './text';
import type {TrainingEvent} from '../training/events';
import {statusText, trainingStatus} from './training-status';
import type {EpochRow, TrainingState} from './training-state';
import type {TrainingDisplay} from './training-view';

const logInterval = 10_000; // ms
const drawInterval = 120; // ms
const widths = {epoch: 6, number: 9};

export class TrainingTerminal implements TrainingDisplay {
  readonly #isTerminal = process.stderr.isTTY === true;
  #bar: SingleBar | undefined;
  #drawn = performance.now();
  #header = '';
  #printed = 0;
  #alarms = 0;

  /**
   * @param memory Returns the memory of the process that trains, in bytes.
   * @param ownTraining Whether this process trains. Then an error says that it was stopped.
   */
  constructor(
    private state: TrainingState,
    private readonly memory: () => number | undefined,
    private readonly ownTraining: boolean,
  ) {}

  /** Leaves epochs out that the state knows already, unless nothing else is to come. */
  begin(): Promise<void> {
    const {phase, epochs, alarms} = this.state;
    if (phase !== 'ended' && phase !== 'stopped') this.#printed = epochs.length;
    this.#alarms = alarms.length;
    return Promise.resolve();
  }

  /** Shows another state from now on. Epochs that were printed are not printed again. */
  follow(state: TrainingState): void {
    this.state = state;
    this.#printed = Math.min(this.#printed, state.epochs.length);
    this.#alarms = state.alarms.length;
  }

  /** Shows what events changed, after the state has taken them in. */
  async show(events: readonly TrainingEvent[]): Promise<void> {
    const last = events.at(-1)?.type;
    this.#printNew();
    if (last === 'stop' || last === 'end') return this.finish();
    if (performance.now() - this.#drawn < (this.#isTerminal ? drawInterval : logInterval)) return;
    this.#drawn = performance.now();
    if (this.#isTerminal) this.#drawBar();
    else printErrorLines(this.#status());
    // A loop that never pauses would leave the bar undrawn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  close(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  finish(): Promise<void> {
    this.#printNew();
    this.close();
    const {phase, taken} = this.state;
    if (!this.ownTraining || phase !== 'stopped' || taken === 0) printErrorLines(this.#status());
    return Promise.resolve();
  }

  #status(): string {
    return statusText(trainingStatus(this.state, {now: Date.now(), memory: this.memory()}));
  }

  #drawBar(): void {
    const {total, step} = this.state;
    const {title, details} = trainingStatus(this.state, {now: Date.now(), memory: this.memory()});
    const line = {title: shown(title), line: shown(details.join(', '))};
    if (!this.#bar) {
      this.#bar = new SingleBar({
        format: '{title} {bar} {line}',
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 16,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
      });
      this.#bar.start(total, step, line);
    }
    this.#bar.setTotal(total);
    this.#bar.update(step, line);
  }

  /** Prints rows and alarms above the bar. */
  #printNew(): void {
    const {epochs, alarms} = this.state;
    if (epochs.length === this.#printed && alarms.length === this.#alarms) return;
    this.close();
    for (; this.#printed < epochs.length; this.#printed++)
      this.#printEpoch(epochs[this.#printed]!, this.#printed);
    for (; this.#alarms < alarms.length; this.#alarms++)
      printErrorLines(`Warning: ${shown(alarms[this.#alarms]!.message)}`);
  }

  #printEpoch(row: EpochRow, at: number): void {
    printStyled(this.#isTerminal ? this.#tableRow(row) : epochLine(row, this.state));
    const [panel, before] = [this.state.panels[at], this.state.panels[at - 1]];
    for (const [id, caption] of panel?.captions ?? []) {
      const words = compareWords(caption, before?.captions.get(id));
      printStyled(
        `  ${this.#grey(`${id}:`)} ${words.map(({word, changed}) => this.#bold(word, changed)).join(' ') || '(no words)'}`,
      );
    }
  }

  #tableRow({epoch, loss, validationLoss, metrics, seconds}: EpochRow): string {
    const names = ['loss', 'val. loss', ...Object.keys(metrics).map(shown), 'time'];
    const cells = [loss.toFixed(3), validationLoss?.toFixed(3) ?? '', ...Object.values(metrics).map((value) => value.toFixed(3)), formatDuration(seconds)]; // prettier-ignore
    const line = (first: string, texts: readonly string[]): string =>
      first.padStart(widths.epoch) + texts.map((text, at) => text.padStart(Math.max(widths.number, names[at]!.length + 2))).join(''); // prettier-ignore
    const header = line('epoch', names);
    const repeated = header === this.#header;
    this.#header = header;
    const cell = line(`${this.state.best === epoch ? '*' : ''}${epoch}`, cells);
    return repeated ? cell : `${this.#bold(header, true)}\n${cell}`;
  }

  #bold(text: string, bold: boolean): string {
    return bold && this.#isTerminal ? `\x1b[1m${shown(text)}\x1b[22m` : shown(text);
  }

  #grey(text: string): string {
    return this.#isTerminal ? `\x1b[2m${shown(text)}\x1b[22m` : shown(text);
  }
}

function epochLine(
  {epoch, loss, validationLoss, metrics, seconds}: EpochRow,
  {planned, best}: TrainingState,
): string {
  const scores = Object.entries(metrics).map(([name, value]) => `${shown(name)} ${value.toFixed(3)}`);
  const parts = [
    `epoch ${epoch} of ${planned}${best === epoch ? ' *' : ''}`,
    `loss ${loss.toFixed(3)}`,
    ...(validationLoss === null ? [] : [`validation loss ${validationLoss.toFixed(3)}`]),
    ...scores,
    formatDuration(seconds),
  ];
  return parts.join(' · ');
}
