/** Keeps two processes out of one folder: a file with the owner's process id and start time. */
import {randomBytes} from 'node:crypto';
import {linkSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';

const lockName = '.lock';

/**
 * @returns What gives the folder back. A process that dies without doing so leaves a lock that the next one takes over.
 * @throws CaptionerError `locked` while another living process, or another owner in this one, has the folder.
 */
export function lockFolder(folder: string): {release(): void} {
  const file = join(folder, lockName);
  const token = randomBytes(8).toString('hex');
  const mine = JSON.stringify({pid: process.pid, start: startTime(process.pid), token});
  const draft = `${file}.${token}.tmp`;
  writeFileSync(draft, mine);
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (publish(draft, file, mine)) return held(file, mine);
      const found = content(file);
      if (found === undefined) continue; // given back just now
      const owner = parseOwner(found);
      if (owner && isAlive(owner)) throw new CaptionerError('locked', `${folder}: ${inUse(owner)}`);
      takeAway(file, found);
    }
  } finally {
    rmSync(draft, {force: true});
  }
  throw new CaptionerError('locked', `${folder}: other processes took it at the same moment; try again`);
}

function held(file: string, mine: string): {release(): void} {
  const release = (): void => {
    process.off('exit', release);
    if (content(file) === mine) rmSync(file, {force: true});
  };
  process.once('exit', release);
  return {release};
}

/** A link appears with its content or not at all, so nobody meets a lock that does not say yet whose it is. */
function publish(draft: string, file: string, mine: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
  }
  // A file system without links, such as exFAT.
  try {
    writeFileSync(file, mine, {flag: 'wx'});
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Removes a dead owner's lock, and not one that a third process has put there meanwhile. */
function takeAway(file: string, stale: string): void {
  const aside = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = content(aside);
  if (moved !== undefined && moved !== stale) publish(aside, file, moved);
  rmSync(aside, {force: true});
}

interface Owner {
  readonly pid: number;
  readonly start: string;
}

function inUse({pid}: Owner): string {
  return pid === process.pid
    ? 'it is open in this process already; close what uses it (`trainer.close()`) first'
    : `process ${pid} is using it; stop that one, or choose another folder`;
}

function content(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
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

/** A process id is given to another process in time, so its start counts as well. */
function isAlive({pid, start}: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startTime(pid);
  return now === '' || start === '' || now === start;
}

/** Clock ticks since the machine started, as Linux tells; empty where there is no /proc. */
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
