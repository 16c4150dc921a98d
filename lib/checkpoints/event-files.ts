/**
 * The event files of a run. They lie in the run's folder itself, so that TensorBoard calls the run by the folder's name, and those of
 * validation in a folder inside, so that both losses share a chart.
 */
import {existsSync, promises as fs, readdirSync} from 'node:fs';
import {basename, join} from 'node:path';
import {writeFileAtomic} from '../files/atomic';
import {readFileChecked} from '../files/regular-file';
import {fieldsOf} from '../files/protobuf';
import {eventName, leftoverName, namesIn, tensorboardName, validationName} from './run-layout';

/** Beginning of the tags of a run's settings. */
export const sessionTag = '_hparams_/';

/** Returns the folder of the event files of what is measured on the validation split. */
export function validationFolder(run: string): string {
  return join(run, validationName);
}

/** Returns the folder that earlier versions wrote all event files to. */
function formerFolder(run: string): string {
  return join(run, tensorboardName);
}

/** Removes a run's event files, and the folders that held nothing else. */
export async function removeEventFiles(run: string): Promise<void> {
  await removeFrom(run);
  for (const folder of [validationFolder(run), formerFolder(run)]) await removeWithFolder(folder);
}

/** The last steps in a run's event files. */
export interface LastSteps {
  readonly training: number;
  readonly validation: number;
}

/**
 * Removes what event files tell of steps after `step`, as when a run is resumed from an earlier checkpoint; otherwise charts would show
 * those steps twice. Settings go too, since the resumed run may have others.
 *
 * @returns The last steps that are left, 0 where there are none.
 */
export async function cutEventFiles(run: string, step: number): Promise<LastSteps> {
  await removeWithFolder(formerFolder(run));
  return {training: await cutIn(run, step), validation: await cutIn(validationFolder(run), step)};
}

async function cutIn(folder: string, step: number): Promise<number> {
  for (const file of unfinishedIn(folder)) await fs.rm(file, {force: true});
  let last = 0;
  for (const file of filesIn(folder)) {
    const bytes = readFileChecked(file, {code: 'header'});
    const kept: Buffer[] = [];
    for (const record of recordsOf(bytes)) {
      const event = describeEvent(record.subarray(headerLength, -footerLength));
      if (event.step > step || event.settings) continue;
      kept.push(record);
      last = Math.max(last, event.step);
    }
    const rest = Buffer.concat(kept);
    if (rest.length < bytes.length) await writeFileAtomic(file, rest);
  }
  return last;
}

/** A record is its length (8 bytes), a checksum of that (4), the event, and a checksum of it (4). */
const headerLength = 12;
const footerLength = 4;

/** Ends at a record that a killed process left unfinished. */
function* recordsOf(bytes: Buffer): Generator<Buffer> {
  let at = 0;
  while (at + headerLength <= bytes.length) {
    const end = at + headerLength + Number(bytes.readBigUInt64LE(at)) + footerLength;
    if (end > bytes.length) return;
    yield bytes.subarray(at, end);
    at = end;
  }
}

function describeEvent(event: Buffer): {readonly step: number; readonly settings: boolean} {
  let [step, settings] = [0, false];
  for (const [field, content] of fieldsOf(event)) {
    if (field === 2 && typeof content === 'number') step = content;
    if (field === 5 && typeof content !== 'number') settings = firstTag(content).startsWith(sessionTag);
  }
  return {step, settings};
}

function firstTag(summary: Buffer): string {
  for (const [, value] of fieldsOf(summary))
    if (typeof value !== 'number')
      for (const [field, tag] of fieldsOf(value)) if (field === 1) return tag.toString();
  return '';
}

function filesIn(folder: string): string[] {
  return namedIn(folder, eventName);
}

/** Temporary files of a process that was killed while it cut a file. */
function unfinishedIn(folder: string): string[] {
  return namedIn(folder, leftoverName).filter((file) => basename(file).startsWith('.events.'));
}

function namedIn(folder: string, pattern: RegExp): string[] {
  return namesIn(folder)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name));
}

async function removeFrom(folder: string): Promise<void> {
  for (const file of [...filesIn(folder), ...unfinishedIn(folder)]) await fs.rm(file, {force: true});
}

async function removeWithFolder(folder: string): Promise<void> {
  await removeFrom(folder);
  if (existsSync(folder) && readdirSync(folder).length === 0) await fs.rmdir(folder);
}
