/** Input and output of commands: results go to stdout or a file, everything else to stderr. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import type {SearchOptions} from '../option-types';
import {sampleOptions, searchOptions} from '../search/search-options';
import type {InferenceViews} from '../encoders/augmentation';
import type {WithText} from '../search/phrases';
import {newestRun} from '../checkpoints/run-folders';
import {CaptionerError, debugging, stackOf} from '../errors';
import {unknownOption} from '../option-names';
import {writeFileAtomic} from '../files/atomic';
import {readText} from '../files/lines';
import {isStopped} from '../interrupt';
import {outputFolder, projectFolder, userPath} from '../paths';
import {printErrorLines} from '../terminal';

export {clearLine, printLines as print, writeData as write} from '../terminal';

/** Prints an error on stderr, in one line; with its stack if it is unexpected, or with `DEBUG=captioner`. */
export function complain(error: unknown): void {
  const foreseen = error instanceof CaptionerError && !debugging();
  if (foreseen) warn(error.message);
  else printErrorLines(`captioner: ${error instanceof Error ? stackOf(error) : String(error)}`);
}

/** Adds to the error of a stopped command how to continue; returns any other error unchanged. */
export function continued(error: unknown, how: string): unknown {
  return isStopped(error) ? new CaptionerError('stopped', `${(error as Error).message}; ${how}`) : error;
}

/** Prints a message on stderr; further lines are indented, so that no name of a file can pass for a message of its own. */
export function warn(message: string): void {
  printErrorLines(`captioner: ${message.replaceAll('\n', '\n  ')}`);
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomic(userPath(file), `${JSON.stringify(value, undefined, 2)}\n`);
}

/** @throws CaptionerError `not-found` or `captions` */
export function readJson(file: string): unknown {
  const path = userPath(file);
  try {
    return JSON.parse(readText(path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CaptionerError('not-found', `${path}: expected a JSON file, found nothing`, {cause});
    throw new CaptionerError('captions', `${path}: expected JSON: ${(cause as Error).message}`, {cause});
  }
}

export interface SearchFlags {
  readonly beams?: number;
  /** Number of captions to sample, instead of searching for the best. */
  readonly sample?: number;
  /** Other options of the search. */
  readonly set?: Readonly<Record<string, unknown>>;
}

/** Returns the named checkpoints; by default the one for photographs, or if that is missing the one for drawn scenes. */
export function checkpointsOf({checkpoint}: {readonly checkpoint?: readonly string[]}): string[] {
  if (checkpoint) return checkpoint.map(userPath);
  const photographs = join(projectFolder(), 'checkpoints', 'flickr8k');
  const scenes = join(outputFolder(), 'checkpoints', 'scenes');
  return [existsSync(photographs) ? photographs : (newestRun(scenes) ?? scenes)];
}

/** Returns the options of test-time augmentation, as the library takes them. */
export function seeingOf({size, views}: InferenceViews): InferenceViews {
  return {...(size !== undefined && {size}), ...(views !== undefined && {views})};
}

/**
 * Returns the options of the search, or of sampling, as the library takes them; it also checks their values.
 *
 * @throws CaptionerError `options` for an unknown name.
 */
export function searchOf({beams, set = {}, sample}: SearchFlags): WithText<SearchOptions> {
  const [group, other] =
    sample === undefined ? [searchOptions, sampleOptions] : [sampleOptions, searchOptions];
  const unknown = Object.keys(set).find((name) => !group.names.includes(name));
  if (unknown !== undefined)
    throw new CaptionerError('options', `${group.owner}: ${unknownOption(unknown, [group], [other])}`);
  return {...set, ...(beams !== undefined && {beams})};
}

/** Returns the option `--weights` as the library takes it. */
export function weightsOf({weights}: {readonly weights?: string}): {weights?: string} {
  return weights === undefined ? {} : {weights: userPath(weights)};
}
