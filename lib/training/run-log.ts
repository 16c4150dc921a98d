/** Summarises `metrics.jsonl` of a run: how it began, its epochs and how far it came. Loads no TensorFlow. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import type {EpochReport} from '../checkpoints/history';
import {metricsName} from '../checkpoints/run-layout';
import {readTextChecked} from '../files/regular-file';
import type {BeginEvent} from './events';
import {parseLines} from './metrics-log';

/** The epoch of a run, without the panel. */
export type EpochSummary = Pick<
  EpochReport,
  'epoch' | 'step' | 'loss' | 'validationLoss' | 'metrics' | 'intervals' | 'seconds'
>;

/** Facts about a run from its log. */
export interface RunLog {
  /** How the run began, or was resumed the last time. */
  readonly begin?: BeginEvent;
  readonly epochs: readonly EpochSummary[];
  /** Steps taken. */
  readonly step: number;
  /** Time of the last event, ISO 8601. */
  readonly time?: string;
}

/** Reads the log of a run; a run without one, and lines that a killed process left unfinished, give nothing. */
export function readRunLog(run: string): RunLog {
  const file = join(run, metricsName);
  if (!existsSync(file)) return {epochs: [], step: 0};
  const lines = readTextChecked(file, {code: 'header'}).split('\n');
  // Of the many lines of steps only the last one matters.
  const wanted = lines.filter(
    (line, at) => at >= lines.length - 3 || /"type":\s*"(begin|resume|epoch)"/.test(line),
  );
  const events = parseLines(wanted.join('\n'));
  const begin = events.filter(({type}) => type === 'begin' || type === 'resume').at(-1);
  const epochs = new Map<number, EpochSummary>();
  for (const event of events)
    if (event.type === 'epoch') {
      // JSON has no NaN, which the loss is on a validation split without captions.
      const {epoch, step, loss, metrics, intervals, seconds} = event;
      const validationLoss = event.validationLoss ?? NaN;
      epochs.set(epoch, {epoch, step, loss, validationLoss, metrics, ...(intervals && {intervals}), seconds});
    }
  const last = events.at(-1);
  return {
    ...(begin && {begin: begin as BeginEvent}),
    epochs: [...epochs.values()].sort((a, b) => a.epoch - b.epoch),
    step: Math.max(0, ...events.map(({step}) => step)),
    ...(last && {time: last.time}),
  };
}
