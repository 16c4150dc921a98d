/** Locks a folder with a file that holds the owner's process id and start time. */
import {randomBytes} from 'node:crypto';
import {linkSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {explainFileError} from '../file-error';
import {readTextChecked} from './regular-file';

const lockName = '.lock';

/**
 * Locks a folder for this process. If a process dies without releasing its lock, the next one takes it over.
 *
 * @returns An object that releases the lock.
 * @throws CaptionerError `locked` while another running process, or another owner in this one, holds the lock; `not-permitted` and others
 *   of `explainFileError`.
 */
export function lockFolder(folder: string): {release(): void} {
  const file = join(folder, lockName);
  const token = randomBytes(8).toString('hex');
  const own = JSON.stringify({pid: process.pid, start: startTime(process.pid), token});
  const draft = `${file}.${token}.tmp`;
  try {
    writeFileSync(draft, own);
    acquire(file, {folder, draft, own});
  } catch (error) {
    throw explainFileError(error, folder);
  } finally {
    // A full disk may leave an empty one.
    for (const one of [draft, `${draft}.new`]) removeIfPossible(one);
  }
  return held(file, own);
}

/** Removes a file that does no harm where it stays: an error here would hide another one, or lose a lock that is held. */
function removeIfPossible(file: string): void {
  try {
    rmSync(file, {force: true});
  } catch {
    // It stays.
  }
}

/** A process that wants a lock. */
interface Claim {
  readonly folder: string;
  /** A file with the content of its lock. */
  readonly draft: string;
  readonly own: string;
}

/**
 * Creates the lock file, or replaces that of a dead owner. Only the process that holds the lock's own lock, `.lock.takeover`, may replace
 * it: without that, one of two that saw the same dead owner could remove the lock that the other had just created.
 *
 * @throws CaptionerError `locked`
 */
function acquire(file: string, claim: Claim): void {
  const {folder, draft, own} = claim;
  for (let attempt = 0; attempt < 10; attempt++) {
    if (publish(draft, file, own)) return;
    const found = content(file);
    if (found === undefined) continue; // just released
    const owner = parseOwner(found);
    if (owner && isAlive(owner) && !released.has(found))
      throw new CaptionerError('locked', `${folder}: ${inUse(owner)}`);
    const takeover = `${file}.takeover`;
    acquire(takeover, claim);
    try {
      if (content(file) !== found) continue;
      writeFileSync(`${draft}.new`, own);
      renameSync(`${draft}.new`, file);
      return;
    } finally {
      removeIfPossible(takeover);
    }
  }
  throw new CaptionerError('locked', `${folder}: other processes locked it at the same time; try again`);
}

/** Contents of locks of this process that could not be removed when they were released. */
const released = new Set<string>();

/** Returns the id of the running process that holds the lock of a folder, this one included; undefined if it is free. */
export function lockOwner(folder: string): number | undefined {
  const found = content(join(folder, lockName)) ?? '';
  const owner = parseOwner(found);
  return owner && isAlive(owner) && !released.has(found) ? owner.pid : undefined;
}

function held(file: string, own: string): {release(): void} {
  const release = (): void => {
    process.off('exit', release);
    try {
      if (content(file) === own) rmSync(file, {force: true});
    } catch {
      // The disk fails; what went wrong before matters more than a lock that is left and no longer counts.
      released.add(own);
    }
  };
  process.once('exit', release);
  return {release};
}

/** Creates the lock file. A hard link appears with its content, so no process ever reads a lock without an owner. */
function publish(draft: string, file: string, own: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
  }
  // A file system without hard links, such as exFAT.
  try {
    writeFileSync(file, own, {flag: 'wx'});
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

interface Owner {
  readonly pid: number;
  readonly start: string;
}

function inUse({pid}: Owner): string {
  return pid === process.pid
    ? 'it is already open in this process; close it first (`trainer.close()`)'
    : `process ${pid} is using it; stop that process or choose another folder`;
}

function content(file: string): string | undefined {
  try {
    return readTextChecked(file, {code: 'locked', largest: 4096});
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const {pid, start} = JSON.parse(text) as Partial<Owner>;
    return Number.isInteger(pid) && pid! > 0 && typeof start === 'string' ? {pid: pid!, start} : undefined;
  } catch {
    return undefined;
  }
}

/** Compares the start time too, since process ids are reused. */
function isAlive({pid, start}: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startTime(pid);
  return now === '' || start === '' || now === start;
}

/** Returns the start time of a process in clock ticks since boot, or an empty string without /proc. */
function startTime(pid: number): string {
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? ''
    );
  } catch {
    return '';
  }
}
