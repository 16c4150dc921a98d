/** Reads event files with TensorBoard's own Python. */
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {projectRoot, python} from '../../support';

export interface Events {
  readonly scalars: Record<string, [step: number, value: number][]>;
  readonly images: Record<string, [step: number, width: number, height: number, encoded: string][]>;
  readonly texts: Record<string, [step: number, text: string][]>;
  /** Rows are a bucket's left and right edge and its count. */
  readonly histograms: Record<string, [step: number, rows: [number, number, number][]][]>;
  readonly hparams: Record<string, unknown>;
  /** Whether each end that is told of is a success. */
  readonly finished: boolean[];
}

export function readEvents(folder: string): Events {
  const script = join(projectRoot, 'test', 'training', 'tensorboard', 'read-events.py');
  return JSON.parse(execFileSync(python(), [script, folder], {encoding: 'utf8', stdio: 'pipe'})) as Events;
}
