/**
 * Lock that allows only one set-up of a project at a time. The file holds the process id and start time of the holder and of the
 * program that it is running, so that the next set-up can detect a killed holder and end the program that it left running.
 */
import {existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {execFileSync} from 'node:child_process';
import {dirname} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {SetupError} from './failure.mjs';
import {readJson} from './files.mjs';

export class Lock {
  #file;
  #self = {pid: process.pid, started: startOf(process.pid)};

  constructor(file) {
    this.#file = file;
  }

  /** Waits for the lock and takes it. @param {(holder: number) => void} onWait Called once if another set-up holds the lock. */
  async take(onWait) {
    mkdirSync(dirname(this.#file), {recursive: true});
    let told = false;
    let unreadable = 0;
    while (!this.#tryTake()) {
      const holder = readJson(this.#file);
      if (holder === undefined) {
        // Just released, or left empty by a power failure.
        if (++unreadable === 20) rmSync(this.#file, {force: true});
      } else if (!isRunning(holder)) {
        await this.#clear(holder);
        continue;
      } else if (!told) {
        told = true;
        onWait(holder.pid);
      }
      await pause(100);
    }
  }

  /** Records the program that is about to run, so that the next set-up can end it if this process is killed. */
  note(child) {
    if (readJson(this.#file)?.pid !== process.pid)
      throw new SetupError(
        `Expected the lock of this set-up at ${this.#file}, found ${existsSync(this.#file) ? 'that of another' : 'none'}.`,
        'Leave .build alone while set-up runs; run the command again to continue from here.',
      );
    const content = {...this.#self, child: {pid: child, started: startOf(child)}};
    this.#place(content, (own) => renameSync(own, this.#file));
  }

  release() {
    if (readJson(this.#file)?.pid === process.pid) rmSync(this.#file, {force: true});
  }

  #tryTake() {
    // A link appears with its content, or not at all if another process was first.
    return this.#place(this.#self, (own) => {
      try {
        linkSync(own, this.#file);
        return true;
      } catch (error) {
        if (error.code === 'EEXIST') return false;
        throw error;
      }
    });
  }

  #place(content, put) {
    const own = `${this.#file}.${process.pid}`;
    try {
      writeFileSync(own, JSON.stringify(content));
      return put(own);
    } finally {
      rmSync(own, {force: true});
    }
  }

  /**
   * Removes the lock of a dead holder. Only the process that holds the lock's own lock does: otherwise one of two that saw the same dead
   * holder could remove the lock that the other had just taken.
   */
  async #clear(holder) {
    if (holder.child !== undefined) await end(holder.child);
    const takeover = new Lock(`${this.#file}.takeover`);
    await takeover.take(() => {});
    try {
      if (readJson(this.#file)?.started === holder.started) rmSync(this.#file, {force: true});
    } finally {
      takeover.release();
    }
  }
}

/** Ends a program that a killed set-up left running, with its child processes. */
async function end(child) {
  for (let tries = 0; isRunning(child) && tries < 100; tries++) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    await pause(50);
  }
}

function isRunning({pid, started}) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return startOf(pid) === started;
}

/** Start time, which tells a process from a later one with the same id. @returns {string} Empty if there is no such process. */
export function startOf(pid) {
  try {
    if (process.platform === 'linux') {
      const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return state === 'Z' ? '' : fields[18];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {encoding: 'utf8'}).trim();
  } catch {
    return '';
  }
}
