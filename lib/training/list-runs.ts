/** Lists runs from their files: settings, state, scores. Loads no TensorFlow, so it is done at once and while a run is being trained. */
import {existsSync, statSync} from 'node:fs';
import {basename, join, relative} from 'node:path';
import {parseHistory, patienceEnded, type History} from '../checkpoints/history';
import {runMetadata, type CheckpointMetadata} from '../checkpoints/metadata';
import {
  checkpointFile,
  checkpointsIn,
  checkpointsName,
  holdsCheckpoint,
  isRun,
  namesIn,
} from '../checkpoints/run-layout';
import {readTrialRecord, type TrialRecord} from '../checkpoints/trial-record';
import {CaptionerError} from '../errors';
import {lockOwner} from '../files/lock';
import {readFileChecked} from '../files/regular-file';
import {outputFolder, shortPath, userPath} from '../paths';
import {readRunLog, type EpochSummary, type RunLog} from './run-log';
import {allSettings, changedFromDefaults, type RunParts, type Settings} from './run-settings';

export type {EpochSummary, TrialRecord};

/** The states of a run. A run that is `stopped`, or that a sweep has `pruned`, can be resumed. */
export const runStates = ['running', 'complete', 'stopped', 'pruned', 'no epoch yet'] as const;
/** The state of a run. */
export type RunState = (typeof runStates)[number];

/** A run as its files describe it. */
export interface RunSummary {
  /** Path relative to the folder that was listed. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly state: RunState;
  /** Process that trains it, where it is running. */
  readonly pid?: number;
  /** The trial of `captioner sweep` that it is. */
  readonly trial?: TrialRecord;
  readonly decoder?: string;
  /** Encoder and the side of its input. */
  readonly encoder?: string;
  /** First block of the encoder that is trained. */
  readonly fineTune?: string;
  /** Name of the data set's folder. */
  readonly data?: string;
  /** Options of decoder and trainer. */
  readonly settings: Settings;
  /** Those of them that differ from the defaults that suit the data. */
  readonly changed: Settings;
  /** Steps taken. */
  readonly step: number;
  /** Epochs done. */
  readonly epochs: number;
  readonly plannedEpochs?: number;
  /** The best epoch. */
  readonly best?: EpochSummary;
  /** All epochs, oldest first. */
  readonly history: readonly EpochSummary[];
  /** Time of its epochs, in seconds. */
  readonly seconds: number;
  /** Time of its last change, ISO 8601. */
  readonly date: string;
}

/**
 * Lists the runs in a folder and in the folders in it, the newest first.
 *
 * @param parent Folder, relative to where the command was given. @default the project's `checkpoints`
 * @throws CaptionerError `not-found` when there is no such folder.
 * @example
 * const best = listRuns().filter((run) => run.state === 'complete');
 */
export function listRuns(parent?: string): RunSummary[] {
  const root = parent === undefined ? join(outputFolder(), 'checkpoints') : userPath(parent);
  if (parent !== undefined && !existsSync(root))
    throw new CaptionerError('not-found', `${shortPath(root)}: expected a folder with runs, found nothing`);
  const below = (folder: string): string[] => namesIn(folder).map((name) => join(folder, name));
  const folders = isRun(root)
    ? [root]
    : below(root).flatMap((one) => (isRun(one) || holdsCheckpoint(one) ? [one] : below(one)));
  return folders
    .filter(isRun)
    .map((folder) => ({...readRun(folder), name: relative(root, folder) || basename(folder)}))
    .sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0));
}

/** Reads the files of one run; its name is that of the folder. */
export function readRun(run: string): RunSummary {
  const folder = userPath(run);
  const log = readRunLog(folder);
  const metadata = runMetadata(folder);
  const saved = historyOf(folder);
  const parts = partsOf(metadata, log);
  const history = merged(saved, log);
  const {epochs: planned, patience = 0} = parts.trainer as {epochs?: number; patience?: number};
  const {epoch: done = 0, step = 0, best: bestStep} = metadata?.training?.position ?? {};
  const epochs = Math.max(done, history.at(-1)?.epoch ?? 0);
  const pid = lockOwner(folder);
  const ended = planned !== undefined && (epochs >= planned || patienceEnded(saved, patience));
  const best = bestOf(history, bestStep, saved);
  const encoder = metadata && `${metadata.encoder.name}, ${metadata.encoder.preprocessing.size} pixels`;
  const data = log.begin?.data?.folder;
  const trial = readTrialRecord(folder);
  const stateOf = (): RunState => {
    if (pid !== undefined) return 'running';
    if (ended && epochs > 0) return 'complete';
    if (trial?.state === 'pruned') return 'pruned';
    return epochs === 0 ? 'no epoch yet' : 'stopped';
  };
  return {
    name: basename(folder),
    folder,
    state: stateOf(),
    ...(pid !== undefined && {pid}),
    ...(trial && {trial}),
    ...(parts.kind !== '' && {decoder: parts.kind}),
    ...(encoder !== undefined && {encoder}),
    ...(parts.fineTune !== undefined && {fineTune: parts.fineTune}),
    ...(data !== undefined && {data}),
    settings: allSettings(parts),
    changed: parts.kind === '' ? {} : changedFromDefaults(parts),
    step: Math.max(step, log.step),
    epochs,
    ...(planned !== undefined && {plannedEpochs: planned}),
    ...(best && {best}),
    history,
    seconds: history.reduce((sum, {seconds}) => sum + seconds, 0),
    date: dateOf(folder, log),
  };
}

function partsOf(metadata: CheckpointMetadata | undefined, {begin}: RunLog): RunParts {
  return {
    kind: metadata?.decoder.kind ?? begin?.decoder?.kind ?? '',
    options: metadata?.decoder.options ?? begin?.decoder?.options ?? {},
    trainer: {
      ...(metadata?.training?.settings ?? begin?.settings),
      ...(metadata?.training && {learningRate: metadata.training.position.learningRate}),
    },
    fineTune: metadata?.fineTuned?.from,
    captions: begin?.data?.captions,
  };
}

/** The history in the newest checkpoint whose history can be read. */
function historyOf(folder: string): History {
  for (const name of checkpointsIn(folder))
    try {
      const file = join(folder, checkpointsName, name, checkpointFile.history);
      return parseHistory(readFileChecked(file, {code: 'header'}), file);
    } catch {
      // Whoever resumes the run is told what is wrong with the checkpoint.
    }
  return {steps: [], epochs: []};
}

/** The epochs that are saved, and those that only the log knows yet. */
function merged({epochs}: History, log: RunLog): EpochSummary[] {
  const logged = new Map(log.epochs.map((one) => [one.epoch, one]));
  const saved = epochs.map(({epoch, step, loss, validationLoss, metrics, intervals, seconds}) => ({
    ...{epoch, step, loss, validationLoss, metrics, ...(intervals && {intervals})},
    seconds: logged.get(epoch)?.seconds ?? seconds ?? 0,
  }));
  const last = saved.at(-1)?.epoch ?? 0;
  return [...saved, ...log.epochs.filter(({epoch}) => epoch > last)];
}

function bestOf(
  history: readonly EpochSummary[],
  position: {readonly step: number} | undefined,
  saved: History,
): EpochSummary | undefined {
  const step = position?.step ?? [...saved.epochs].reverse().find(({best}) => best)?.step;
  return history.find((epoch) => epoch.step === step) ?? history.at(-1);
}

function dateOf(folder: string, log: RunLog): string {
  const [newest] = checkpointsIn(folder);
  const changed = statSync(newest === undefined ? folder : join(folder, checkpointsName, newest)).mtime;
  const date = changed.toISOString();
  return log.time !== undefined && log.time > date ? log.time : date;
}
