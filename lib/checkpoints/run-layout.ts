/**
 * The layout of a run's folder: which files training writes there, and how a folder is told to hold a run. Loads no TensorFlow, so that
 * runs can be listed and removed at once.
 */
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {finishReplacement, finishReplacements} from '../files/replace-folder';
import {readTextChecked} from '../files/regular-file';

/** Files of a checkpoint's folder. */
export const checkpointFile = {
  card: 'checkpoint.json',
  weights: 'weights.safetensors',
  encoder: 'encoder.safetensors',
  optimizer: 'optimizer.safetensors',
  history: 'history.json',
} as const;

/** Every name that a checkpoint's folder may contain. */
export const checkpointFiles: readonly string[] = [...Object.values(checkpointFile), 'manifest.json'];

/** Names of a run's checkpoints. */
export const stepName: RegExp = /^step-\d{9}$/;

/** The files of a run that name one of its checkpoints. */
export const pointers = ['best', 'latest'] as const;
/** The name of such a file. */
export type Pointer = (typeof pointers)[number];

/** The folder of a run's checkpoints. */
export const checkpointsName = 'checkpoints';
/** The folder of the event files of what is measured on the validation split; the others lie in the run's folder itself. */
export const validationName = 'validation';
/** The folder that earlier versions wrote all event files to. */
export const tensorboardName = 'tensorboard';
/** The log of a run's events, one JSON object a line. */
export const metricsName = 'metrics.jsonl';
/** The record of where a run comes from. */
export const provenanceName = 'provenance.json';
/** The record of the trial of a sweep that a run is. */
export const trialName = 'trial.json';

/** Temporary files of a process that was killed while it wrote. */
export const leftoverName: RegExp =
  /^\.((step-\d{9}|latest|best|(provenance|trial)\.json|events\.out\.tfevents\..+)\.\d+-[0-9a-f]{8}\.tmp|step-\d{9}\.previous)$/;
/** Event files for TensorBoard. */
export const eventName: RegExp = /^events\.out\.tfevents\./;

/** Returns the name of the checkpoint of a step. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(9, '0')}`;
}

/** Returns the names of a run's checkpoints, the newest first. */
export function checkpointsIn(run: string): string[] {
  const folder = join(run, checkpointsName);
  if (existsSync(folder) && statSync(folder).isDirectory()) finishReplacements(folder);
  return namesIn(folder)
    .filter((name) => stepName.test(name))
    .sort()
    .reverse();
}

/** Returns the checkpoint that a pointer of a run names, if it is there. */
export function pointedTo(run: string, pointer: Pointer): string | undefined {
  const file = join(run, pointer);
  const name = existsSync(file) ? readTextChecked(file, {code: 'header', largest: 4096}).trim() : '';
  return stepName.test(name) && existsSync(join(run, checkpointsName, name)) ? name : undefined;
}

/** Whether a run in the folder has taken a step that a checkpoint holds. */
export function holdsSteps(folder: string): boolean {
  return checkpointsIn(folder).some((name) => name !== checkpointName(0));
}

/** Whether a folder is a standalone checkpoint. */
export function holdsCheckpoint(folder: string): boolean {
  finishReplacement(folder);
  return existsSync(join(folder, 'manifest.json'));
}

/** Whether a folder is that of a run, even one without a checkpoint. */
export function isRun(folder: string): boolean {
  return !holdsCheckpoint(folder) && existsSync(join(folder, checkpointsName));
}

/** A run's lock, and what a process leaves that is killed while it takes over the lock of another. */
const lockName = /^\.lock(\.takeover)*(\.[0-9a-f]{16}\.tmp(\.new)?)?$/;

/** Whether everything in a folder was made by a run. */
export function holdsOnlyRun(folder: string): boolean {
  const folders = [checkpointsName, validationName, tensorboardName];
  const own: readonly string[] = [...pointers, ...folders, metricsName, provenanceName, trialName];
  return namesIn(folder).every(
    (name) => own.includes(name) || lockName.test(name) || eventName.test(name) || leftoverName.test(name),
  );
}

/** Returns the names in a folder; none if there is no such folder. */
export function namesIn(folder: string): string[] {
  return existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
}
