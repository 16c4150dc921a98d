/** Refusals of requests: a status and one sentence, never a stack or a path of this machine. */
import {dirname, sep} from 'node:path';
import {CaptionerError, type ErrorCode} from '../errors';
import {projectFolder} from '../paths';

/** A request that is not answered, with the reason in words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Headers that the status calls for. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Errors of the library that the request itself is to blame for. */
const statuses: Partial<Record<ErrorCode, number>> = {
  'options': 400,
  'image': 422,
  'not-found': 404,
};

/** Returns the refusal that tells of an error; undefined for one that nobody foresaw. */
export function refusalOf(error: unknown, folders: readonly string[] = []): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof CaptionerError)) return undefined;
  return new Refusal(statuses[error.code] ?? 500, withoutPaths(error.message, folders));
}

/**
 * Removes the folders from absolute paths in a message.
 *
 * @param folders Folders that may occur besides the project's; of what lies in them the relative path is left.
 */
export function withoutPaths(message: string, folders: readonly string[] = []): string {
  const known = [projectFolder(), ...folders.map(dirname)].sort((a, b) => b.length - a.length);
  const relative = known.reduce((text, folder) => text.replaceAll(folder + sep, ''), message);
  return relative.replace(/(^|[\s"'`(])\/(?:[^/\s:"'`]+\/)*([^/\s:"'`]+)/g, '$1$2');
}
