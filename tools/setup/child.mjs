/** Runs the programs that set-up needs: npm, Python, pip, the compiler. Logs their output and, if one fails, explains it. */
import {spawn, spawnSync} from 'node:child_process';
import {accessSync, appendFileSync, constants, mkdirSync, statSync} from 'node:fs';
import {delimiter, dirname, join} from 'node:path';
import {explain} from './failure.mjs';

/**
 * A shell that starts a program once its process id is in the lock, so that the program never starts if set-up is killed before that, and
 * that ends the program with all its child processes when set-up ends in any way: then nobody holds the other end of the pipe any more.
 */
const keeper = `read -r go || exit 1
exec 3<&0
{ read -r end <&3; kill -KILL 0; } &
watch=$!
"$@" </dev/null 3<&-
code=$?
kill $watch
[ $code -le 128 ] || kill -$((code - 128)) $$
exit $code`;

/**
 * @param {object} project See `project.mjs`.
 * @param {readonly string[]} command A program and its arguments.
 * @returns {Promise<{code: number, output: string}>} Code 127 if there is no such program.
 */
export function attempt(project, command, {env = project.env, cwd = project.home} = {}) {
  const [program, ...args] = command;
  if (find(program, env) === undefined) return Promise.resolve({code: 127, output: `${program}: not found`});
  keep(project, `\n$ ${command.join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', keeper, 'sh', program, ...args], {
      cwd,
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stop = () => killGroup(child.pid);
    project.running.add(stop);
    let output = '';
    const listen = (text) => {
      output = (output + text).slice(-200_000);
      keep(project, text);
    };
    child.stdout.setEncoding('utf8').on('data', listen);
    child.stderr.setEncoding('utf8').on('data', listen);
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('close', (code, signal) => {
      project.running.delete(stop);
      if (signal) output += `\nended by ${signal}`;
      resolve({code: code ?? 1, output});
    });
    try {
      project.lock?.note(child.pid);
      child.stdin.write('go\n');
    } catch (error) {
      child.stdin.destroy();
      reject(error);
    }
  });
}

/** Like `attempt`. @throws SetupError If the program fails. @returns {Promise<string>} Its output. */
export async function run(project, what, command, options) {
  const {code, output} = await attempt(project, command, options);
  if (code !== 0) throw explain(what, output, project.log);
  return output;
}

/** Runs a short query synchronously, without logging it. @returns {string | undefined} Its output; `undefined` if it fails. */
export function ask(command, env) {
  const [program, ...args] = command;
  const {status, stdout} = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** Finds a program. @returns {string | undefined} Its path; `undefined` if it isn't on PATH. */
export function find(program, env) {
  const paths = program.includes('/')
    ? [program]
    : (env.PATH ?? '')
        .split(delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => join(folder, program));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Appends to the log. A failure to write, for example on a full disk, must not hide why the program failed. */
function keep(project, text) {
  try {
    mkdirSync(dirname(project.log), {recursive: true});
    appendFileSync(project.log, text);
  } catch (error) {
    if (error.code === undefined) throw error;
  }
}
