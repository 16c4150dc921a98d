/** What commands read and write beside their work: results go to stdout or a file, everything else to stderr. */
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {SearchOptions} from '../option-types';
import {sampleOptions, searchOptions} from '../search/search-options';
import type {InferenceViews} from '../encoders/augmentation';
import type {WithText} from '../search/phrases';
import {CaptionerError, debugging, stackOf} from '../errors';
import {unknownOption} from '../option-names';
import {writeFileAtomic} from '../files/atomic';
import {isStopped} from '../interrupt';
import {projectFolder, userPath} from '../paths';

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line on stderr; with its stack only where nobody foresaw the error, or where `DEBUG=captioner` asks for it. */
export function complain(error: unknown): void {
  const foreseen = error instanceof CaptionerError && !debugging();
  warn(foreseen ? error.message : error instanceof Error ? stackOf(error) : String(error));
}

/** The error of a command that was stopped says how to continue; any other is as it was. */
export function continued(error: unknown, how: string): unknown {
  return isStopped(error) ? new CaptionerError('stopped', `${(error as Error).message}; ${how}`) : error;
}

export function warn(message: string): void {
  process.stderr.write(`captioner: ${message}\n`);
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomic(userPath(file), `${JSON.stringify(value, undefined, 2)}\n`);
}

/** @throws CaptionerError `not-found` or `captions` */
export function readJson(file: string): unknown {
  const path = userPath(file);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CaptionerError('not-found', `${path}: expected a JSON file, found nothing`, {cause});
    throw new CaptionerError('captions', `${path}: expected JSON: ${(cause as Error).message}`, {cause});
  }
}

export interface SearchFlags {
  readonly beams?: number;
  /** How many captions are drawn at random, instead of the best. */
  readonly sample?: number;
  /** Other options of the search. */
  readonly set: Readonly<Record<string, unknown>>;
}

/** Checkpoints that were named, or the one for photographs, or where that is missing the one for drawn scenes. */
export function checkpointsOf({checkpoint}: {readonly checkpoint?: readonly string[]}): string[] {
  if (checkpoint) return checkpoint.map(userPath);
  const [photographs, scenes] = ['flickr8k', 'scenes'].map((name) =>
    join(projectFolder(), 'checkpoints', name),
  );
  return [existsSync(photographs!) ? photographs! : scenes!];
}

/** How images are looked at, as the library takes it. */
export function seeingOf({size, views}: InferenceViews): InferenceViews {
  return {...(size !== undefined && {size}), ...(views !== undefined && {views})};
}

/**
 * Options of the search, or of sampling, as the library takes them; values are checked there.
 *
 * @throws CaptionerError `options` for an unknown name.
 */
export function searchOf({beams, set, sample}: SearchFlags): WithText<SearchOptions> {
  const [group, other] =
    sample === undefined ? [searchOptions, sampleOptions] : [sampleOptions, searchOptions];
  const unknown = Object.keys(set).find((name) => !group.names.includes(name));
  if (unknown !== undefined)
    throw new CaptionerError('options', `${group.owner}: ${unknownOption(unknown, [group], [other])}`);
  return {...set, ...(beams !== undefined && {beams})};
}

/** The option `--weights` as the library takes it. */
export function weightsOf({weights}: {readonly weights?: string}): {weights?: string} {
  return weights === undefined ? {} : {weights: userPath(weights)};
}
