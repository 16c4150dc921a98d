/**
 * The events by which TensorBoard's HParams page compares runs: the settings that a run began with, and that it ended. TensorBoard finds the settings
 * that differ, and the metrics, by itself; a list of them in every run would hide those that the first run lacks.
 */
import {sessionTag} from '../../checkpoints/event-files';
import {double, integer, nested} from '../../files/protobuf';
import {pluginValue, type SummaryValue} from './summary';

/** Settings by name. */
export type HParams = Readonly<Record<string, unknown>>;

/** The settings of a run that begins. */
export function sessionStart(hparams: HParams, time: Date = new Date()): SummaryValue {
  const entries = Object.entries(hparams).map(([name, value]) =>
    nested(1, nested(1, name), nested(2, plain(value))),
  );
  return sessionValue('session_start_info', nested(3, ...entries, double(5, time.getTime() / 1000)));
}

/** The end of a run that went through all its epochs. */
export function sessionEnd(time: Date = new Date()): SummaryValue {
  const success = 1;
  return sessionValue('session_end_info', nested(4, integer(1, success), double(2, time.getTime() / 1000)));
}

function sessionValue(name: string, content: Buffer): SummaryValue {
  return pluginValue(`${sessionTag}${name}`, 'hparams', content);
}

/** A `google.protobuf.Value`. */
function plain(value: unknown): Buffer {
  if (typeof value === 'number') return double(2, value);
  if (typeof value === 'boolean') return integer(4, value);
  return nested(3, typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}
