/** Reads what a run logged in `metrics.jsonl`: how it began, its epochs and how far it came. Loads no TensorFlow. */
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {EpochReport} from '../checkpoints/history';
import {metricsName} from '../checkpoints/run-layout';

/** The epoch of a run, without the panel. */
export type EpochSummary = Pick<
  EpochReport,
  'epoch' | 'step' | 'loss' | 'validationLoss' | 'metrics' | 'intervals' | 'seconds'
>;

/** Facts about a run from its log. */
export interface RunLog {
  /** How the run began, or was resumed the last time. */
  readonly begin?: LoggedBegin;
  readonly epochs: readonly EpochSummary[];
  /** Steps taken. */
  readonly step: number;
  /** Time of the last event, ISO 8601. */
  readonly time?: string;
}

/** How a run began; a run of another version may lack parts. */
export interface LoggedBegin {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly decoder?: {readonly kind?: string; readonly options?: Readonly<Record<string, unknown>>};
  readonly encoder?: unknown;
  readonly data?: {readonly folder?: string; readonly captions?: number};
}

interface LoggedEvent extends LoggedBegin, Partial<EpochSummary> {
  readonly type?: string;
  readonly time?: string;
}

/** Reads the log of a run; a run without one, and lines that a killed process left unfinished, give nothing. */
export function readRunLog(run: string): RunLog {
  const file = join(run, metricsName);
  if (!existsSync(file)) return {epochs: [], step: 0};
  const lines = readFileSync(file, 'utf8').split('\n');
  // A log has a line for each step, of which only the last one matters.
  const wanted = lines.filter(
    (line, at) => at >= lines.length - 3 || /"type":\s*"(begin|resume|epoch)"/.test(line),
  );
  const events = wanted.flatMap(parsed);
  const begin = [...events].reverse().find(({type}) => type === 'begin' || type === 'resume');
  const epochs = new Map<number, EpochSummary>();
  for (const event of events)
    if (event.type === 'epoch' && event.epoch !== undefined) {
      // JSON has no NaN, which the loss is on a validation split without captions.
      const {epoch, step = 0, loss = NaN, metrics = {}, intervals, seconds = 0} = event;
      const validationLoss = event.validationLoss ?? NaN;
      epochs.set(epoch, {epoch, step, loss, validationLoss, metrics, ...(intervals && {intervals}), seconds});
    }
  const last = events.at(-1);
  return {
    ...(begin && {begin}),
    epochs: [...epochs.values()].sort((a, b) => a.epoch - b.epoch),
    step: Math.max(0, ...events.map(({step}) => step ?? 0)),
    ...(last?.time !== undefined && {time: last.time}),
  };
}

function parsed(line: string): LoggedEvent[] {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === 'object' && event !== null ? [event] : [];
  } catch {
    return [];
  }
}
