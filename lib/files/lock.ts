/** Keeps two processes out of one run folder: a file with the owner's process id and start time. */
import {closeSync, openSync, readFileSync, rmSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';

const lockName = '.lock';

/**
 * @returns What gives the folder back. A process that dies without doing so leaves a lock that the next one takes over.
 * @throws CaptionerError `locked` while another living process, or another owner in this one, has the folder.
 */
export function lockFolder(folder: string): {release(): void} {
  const file = join(folder, lockName);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const handle = openSync(file, 'wx');
      writeSync(handle, JSON.stringify({pid: process.pid, start: startTime(process.pid)}));
      closeSync(handle);
      const release = (): void => {
        process.off('exit', release);
        rmSync(file, {force: true});
      };
      process.once('exit', release);
      return {release};
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = readOwner(file);
      if (owner && isAlive(owner))
        throw new CaptionerError(
          'locked',
          `${folder}: process ${owner.pid} is using this run; stop it, or choose another folder`,
        );
      rmSync(file, {force: true});
    }
  }
  throw new CaptionerError('locked', `${folder}: another process took this run at the same moment`);
}

interface Owner {
  readonly pid: number;
  readonly start: string;
}

function readOwner(file: string): Owner | undefined {
  try {
    const {pid, start} = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner>;
    return typeof pid === 'number' && typeof start === 'string' ? {pid, start} : undefined;
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
