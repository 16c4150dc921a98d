/** Errors of the file system that a user can mend, in words: what was refused, where, and the way out. */
import {dirname} from 'node:path';
import {CaptionerError, type ErrorCode} from './errors';

/** The way out where the library chose the folder itself. */
const elsewhere =
  'choose another folder with the option of the call or command, or for everything with CAPTIONER_OUTPUT';

const causes: Readonly<Record<string, readonly [code: ErrorCode, what: string, wayOut: string]>> = {
  EACCES: ['not-permitted', 'no permission', `change its permissions, or ${elsewhere}`],
  EPERM: ['not-permitted', 'the operation is not permitted', `change its permissions, or ${elsewhere}`],
  EROFS: ['not-permitted', 'the file system is read-only', elsewhere],
  ENOSPC: ['no-space', 'the disk is full', `free some space and try again, or ${elsewhere}`],
  EDQUOT: ['no-space', 'the disk quota is used up', `free some space and try again, or ${elsewhere}`],
  EMFILE: ['too-many-files', 'too many open files', 'raise the limit (`ulimit -n 4096`) and try again'],
  ENFILE: ['too-many-files', 'the system has too many open files', 'close other programs and try again'],
  EFBIG: [
    'no-space',
    'the file would be larger than the limit allows',
    `raise the limit (\`ulimit -f\`), or ${elsewhere}`,
  ],
  EIO: ['not-permitted', 'the disk reported an error', `check the disk, or ${elsewhere}`],
  EBUSY: ['not-permitted', 'it is in use', 'close what uses it and try again'],
  ENXIO: ['not-found', 'expected a file, found a socket or a device', 'correct the path'],
  EISDIR: ['not-found', 'expected a file, found a folder', 'correct the path'],
  EEXIST: ['not-permitted', 'expected a folder, found a file of that name', `remove it, or ${elsewhere}`],
  ENOMEM: ['no-space', 'the memory is used up', 'close other programs and try again'],
  ENOTDIR: ['not-found', 'expected a folder, found a file on the way', 'correct the path'],
  ENAMETOOLONG: ['not-found', 'the name is too long for this file system', 'choose a shorter one'],
  ELOOP: ['not-found', 'its links lead in a circle', 'correct the path'],
};

/**
 * Turns an error of Node's file functions into one that names the folder and the way out. Returns any other error unchanged.
 *
 * @param path What was to be read or written, for errors that don't say it.
 */
export function explainFileError(error: unknown, path?: string): unknown {
  if (!(error instanceof Error) || error instanceof CaptionerError) return error;
  const {code = '', syscall, path: named, dest} = error as NodeJS.ErrnoException & {readonly dest?: string};
  if (syscall === undefined || !Object.hasOwn(causes, code)) return error;
  const [own, what, wayOut] = causes[code]!;
  const where = path ?? dest ?? named;
  // Files are written under temporary names first, which say nothing to a user.
  const shown = where === undefined ? '' : `${/\.tmp$/.test(where) ? dirname(where) : where}: `;
  return new CaptionerError(own, `${shown}${what} (${code}, ${syscall}); ${wayOut}`, {cause: error});
}
