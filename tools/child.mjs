/**
 * Starts programs that end with this process, however it ends: by itself, by a signal, with its terminal, or killed. They hold the other
 * end of a pipe, which closes in each of these cases; `lifeline.py` waits for that. npm and its shell may end without a word to this
 * process, so it watches them, too.
 */
import {spawn, spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {constants} from 'node:os';

const lifeline = 3;
const interval = 500; // ms

/**
 * Starts a Python program that imports `lifeline`.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{stdio: readonly string[], env: object, cwd?: string, detached?: boolean}} options As of `spawn`. `detached` keeps the
 *   terminal's signals away from it, so that it only ends as this module says.
 * @param {{signals?: readonly string[]}} more Signals that end it.
 * @returns {import('node:child_process').ChildProcess & {endedBy?: string}} `endedBy`: why it was told to end.
 */
export function spawnChild(program, args, options, {signals = ['SIGHUP', 'SIGTERM']} = {}) {
  const child = spawn(program, args, {
    ...options,
    stdio: [...options.stdio, 'pipe'],
    env: {...options.env, CAPTIONER_LIFELINE: String(lifeline)},
  });
  const rope = child.stdio[lifeline];
  rope?.on('error', ignore);
  const end = (reason) => {
    child.endedBy ??= reason;
    rope?.destroy();
  };
  // A terminal that is gone can't be written to, which must not keep anything from ending well.
  for (const stream of [process.stdout, process.stderr]) {
    stream.off('error', ignore);
    stream.on('error', ignore);
  }
  for (const signal of signals) process.on(signal, end);
  const watch = watchParents(() => end('SIGHUP'));
  child.on('exit', () => {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, end);
  });
  return child;
}

function ignore() {}

/** Exit code of a program that a signal ended. */
export function exitCodeOf(signal) {
  return 128 + (constants.signals[signal] ?? 0);
}

/** Calls `onEnd` once the shell or the npm that started this process is gone. */
function watchParents(onEnd) {
  const parents = npmAndItsShell();
  const timer = setInterval(() => {
    if (parents.every(isAlive)) return;
    clearInterval(timer);
    onEnd();
  }, interval);
  timer.unref();
  return timer;
}

/** npm and its shell, if this process is what an npm script runs. Any other parent may end without this process. */
function npmAndItsShell() {
  if (process.env.npm_lifecycle_event === undefined) return [];
  const parent = about(process.ppid);
  if (!parent) return [];
  const above = /^-?(ba|da|z|k|fi)?sh$/.test(parent.name) ? about(parent.parent) : undefined;
  return above ? [parent, above] : [parent];
}

/** @returns {{pid: number, parent: number, name: string, start: string, state: string} | undefined} */
function about(pid) {
  try {
    const [, name, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const fields = rest.split(' ');
    return {pid, name, state: fields[0], parent: Number(fields[1]), start: fields[19]};
  } catch {
    // no such process, or no /proc, as on macOS
  }
  const {stdout = ''} = spawnSync('ps', ['-o', 'state=,ppid=,lstart=,comm=', '-p', String(pid)], {
    encoding: 'utf8',
  });
  const [, state, parent, start, name] = /^(\S)\S*\s+(\d+)\s+(.{24})\s+(.*)/.exec(stdout.trim()) ?? [];
  return name && {pid, name: name.replace(/.*\//, ''), state, parent: Number(parent), start};
}

/** A killed process may wait for long until somebody asks for its exit code, and its number be given to another. */
function isAlive({pid, start}) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  if (process.platform !== 'linux') return true;
  const now = about(pid);
  return now !== undefined && now.start === start && now.state !== 'Z';
}
