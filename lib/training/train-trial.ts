/**
 * Trains one trial of a sweep: a `captioner train` of its own process, whose epochs are reported to the study. It is stopped like by Ctrl-C
 * where the study prunes it, so that its run is saved. Loads no TensorFlow.
 */
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as pause} from 'node:timers/promises';
import {checkpointsIn} from '../checkpoints/run-layout';
import {writeTrialRecord} from '../checkpoints/trial-record';
import {CaptionerError, errorCodes, type ErrorCode} from '../errors';
import {launchedVariable, type Interrupt} from '../interrupt';
import type {EpochEvent} from './events';
import {readRun, type EpochSummary} from './list-runs';
import type {Study, Trial, TrialEnd} from './study';

/** Time between tries to open what another process has locked. */
const lockedPause = 2000; // ms

/** Settings that all trials of a sweep share. */
export interface TrialSettings {
  readonly study: string;
  /** Folder that the runs lie in. */
  readonly folder: string;
  /** Arguments of `captioner train`, without those that a trial sets. */
  readonly args: readonly string[];
  /** Score that trials are compared by; undefined for the one that selects the best epoch. */
  readonly metric: string | undefined;
}

/** A line that `captioner train --json-lines` prints, as far as it is read here. */
type Line =
  | EpochEvent
  | {readonly type: 'error'; readonly code: string | null; readonly message: string}
  | {readonly type: 'other'};

/** Functions that are called while a trial is on its way. */
export interface TrialCallbacks {
  readonly onEpoch: (epoch: number, metric: string, value: number) => void;
  /** Called once where the features or the run are locked by another process, which the trial waits for. */
  readonly onLocked: (message: string) => void;
}

/**
 * Trains a trial to its end, and records how it ended in the folder of its run.
 *
 * @throws CaptionerError `stopped` after a request to stop, when the run is saved; `options` and others where the training can't begin or
 *   go on, for which another trial would be no better
 */
export async function trainTrial(
  study: Study,
  trial: Trial,
  {study: name, folder, args, metric}: TrialSettings,
  interrupt: Interrupt,
  {onEpoch, onLocked}: TrialCallbacks,
): Promise<TrialEnd> {
  const run = join(folder, trial.run);
  const sets = Object.entries(trial.values).flatMap(([option, value]) =>
    option === 'decoder' ? ['--decoder', String(value)] : ['--set', `${option}=${value}`],
  );
  const chosen = {metric};
  const report = async (event: EpochEvent): Promise<boolean> => {
    chosen.metric ??= metricOf(event.metrics);
    const value = valueOf(event, chosen.metric);
    onEpoch(event.epoch, chosen.metric, value);
    return study.report(event.epoch, value);
  };
  const record = (
    state: 'complete' | 'pruned',
    more: {value?: number; reason?: string} = {},
  ): Promise<void> =>
    writeTrialRecord(run, {study: name, trial: trial.number, state, metric: chosen.metric ?? '', ...more});
  for (let told = false; ;) {
    const again = checkpointsIn(run).length > 0 ? '--resume' : '--replace';
    const {code, signal, pruned, error} = await train(
      ['train', ...args, ...sets, '--run', run, again, '--json-lines'],
      interrupt,
      report,
    );
    if (pruned) {
      const epoch = readRun(run).epochs;
      await record('pruned', {reason: `worse than others after epoch ${epoch}`});
      return {state: 'pruned', reason: `after epoch ${epoch}`};
    }
    interrupt.throwIfRequested();
    if (code === 0) {
      const {best} = readRun(run);
      if (!best) throw new CaptionerError('mismatch', `${run}: expected the score of an epoch, found none`);
      const value = valueOf(best, (chosen.metric ??= metricOf(best.metrics)));
      await record('complete', {value});
      return {state: 'complete', value};
    }
    if (error?.code === 'locked') {
      if (!told) onLocked(error.message);
      told = true;
      await pause(lockedPause, undefined, {signal: interrupt.signal}).catch(() =>
        interrupt.throwIfRequested(),
      );
    } else if (error?.code === 'diverged') {
      await record('pruned', {reason: error.message});
      return {state: 'pruned', reason: error.message};
    } else if (signal) return {state: 'again', reason: `ended by ${signal}`};
    else throw refused(trial.run, error, code);
  }
}

/** Returns the error of a training that another trial would end with, too. */
function refused(run: string, error: TrainEnd['error'], exitCode: number | null): Error {
  const message = `${run}: ${error?.message || `ended with exit code ${exitCode}`}`;
  const code = errorCodes.find((one) => one === error?.code);
  return code ? new CaptionerError(code satisfies ErrorCode, message) : new Error(message);
}

interface TrainEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly pruned: boolean;
  readonly error?: {readonly code: string | null; readonly message: string};
}

async function train(
  args: readonly string[],
  interrupt: Interrupt,
  report: (event: EpochEvent) => Promise<boolean>,
): Promise<TrainEnd> {
  const program = join(__dirname, '..', '..', 'bin', 'captioner.js');
  // In a group of its own, so that Ctrl-C in a terminal reaches it once, from here.
  const child = spawn(process.execPath, [program, ...args], {
    env: {...process.env, [launchedVariable]: '1'},
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdin.on('error', () => {});
  const stop = (): boolean => child.kill('SIGINT');
  interrupt.signal.addEventListener('abort', stop, {once: true});
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve([code, signal]));
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)));
  let pruned = false;
  let error: TrainEnd['error'];
  try {
    for await (const text of createInterface({input: child.stdout})) {
      const line = JSON.parse(text) as Line;
      if (line.type === 'error') error = line;
      if (line.type !== 'epoch' || pruned || !(await report(line))) continue;
      pruned = true;
      stop();
    }
  } catch (failure) {
    stop();
    await ended;
    throw failure;
  } finally {
    interrupt.signal.removeEventListener('abort', stop);
  }
  const [code, signal] = await ended;
  // Pruned after its last epoch, it is complete.
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return {
    code,
    signal,
    pruned: pruned && code !== 0,
    ...(error ? {error} : code !== 0 && {error: {code: null, message: last}}),
  };
}

/** The score that selects the best epoch, unless another is named. */
function metricOf(metrics: Readonly<Record<string, number>>): string {
  return 'factual' in metrics ? 'factual' : 'CIDEr-D';
}

/** @throws CaptionerError `options` for a score that there is none of */
function valueOf(
  {metrics, validationLoss}: Pick<EpochSummary, 'metrics'> & {readonly validationLoss?: number | null},
  metric: string,
): number {
  const value = metric === validationLossName ? validationLoss : metrics[metric];
  if (value !== undefined && value !== null && Number.isFinite(value)) return value;
  const known = [validationLossName, ...Object.keys(metrics)];
  throw new CaptionerError('options', `--metric: expected one of ${known.join(', ')}, got ${metric}`);
}

/** Name of the validation loss among scores. */
export const validationLossName = 'validation-loss';
