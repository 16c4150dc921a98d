/**
 * Executes a notebook with parameters and writes the result to `reports/<name>.ipynb` and `reports/<name>.html`, a single file that
 * works offline. Both are written only if every cell succeeds; a run that fails leaves `reports/<name>.failed.ipynb` beside them.
 */
import {existsSync, mkdirSync, renameSync, rmSync} from 'node:fs';
import {basename, dirname, isAbsolute, join, relative, resolve, sep} from 'node:path';
import {createInterface} from 'node:readline';
import {pathToFileURL} from 'node:url';
import {exitCodeOf, spawnChild} from './child.mjs';
import {home, openProject} from './setup/project.mjs';
import {environment} from './setup/python.mjs';

export const reports = join(home, 'reports');

const usage = `Usage: npm run report -- NOTEBOOK [-p NAME VALUE]…

Executes NOTEBOOK and writes reports/<name>.ipynb and reports/<name>.html.
  -p NAME VALUE   sets a parameter of the notebook; may be repeated
Relative paths, in parameters too, are relative to the folder in which you run the command.`;

/** An error that the user can fix: one line on stderr and an exit code, 1 for a failed run, 2 for wrong use. */
export class ReportError extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

/** The folder in which the command was run; npm changes the working folder to the project's. */
function callersFolder() {
  return process.env.CAPTIONER_CWD ?? process.env.INIT_CWD ?? process.cwd();
}

/** @returns {{notebook: string, parameters: [string, string][]} | undefined} `undefined` if help was requested. */
export function parseArguments(argv) {
  const parameters = [];
  let notebook;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at];
    if (word === '-h' || word === '--help') return undefined;
    if (word === '-p' || word === '--parameter') {
      const [name, value] = argv.slice(at + 1, at + 3);
      if (value === undefined)
        throw new ReportError(`Expected \`-p NAME VALUE\`, got \`${argv.slice(at).join(' ')}\``, 2);
      parameters.push([name, value]);
      at += 2;
    } else if (word.startsWith('-')) {
      throw new ReportError(`Unknown option ${word}; known: -p NAME VALUE`, 2);
    } else if (notebook === undefined) {
      notebook = word;
    } else {
      throw new ReportError(
        `Expected one notebook, got ${notebook} and ${word}; set parameters with -p NAME VALUE`,
        2,
      );
    }
  }
  if (notebook === undefined) throw new ReportError(`Expected a notebook\n\n${usage}`, 2);
  return {notebook: find(notebook), parameters};
}

function find(notebook) {
  const candidates = [resolve(callersFolder(), notebook), resolve(home, notebook)];
  const found = candidates.find((file) => existsSync(file));
  if (found === undefined) throw new ReportError(`Expected a notebook, found no file at ${candidates[0]}`, 2);
  return found;
}

/** The Python in which set-up installed Jupyter. */
function python() {
  const {python: program} = environment(openProject());
  if (!existsSync(program))
    throw new ReportError(`Expected Python at ${program}, found none; run \`npm start\` to set it up`);
  return program;
}

/**
 * Executes one notebook.
 *
 * @param {string} notebook Absolute path.
 * @param {[string, string][]} parameters Names and values as given on the command line.
 * @param {{folder?: string, log?: (line: string) => void}} options `folder`: where to write the report.
 * @returns {Promise<{html: string, ipynb: string, seconds: number}>}
 */
export async function report(notebook, parameters = [], {folder = reports, log = console.log} = {}) {
  const name = basename(notebook, '.ipynb');
  mkdirSync(folder, {recursive: true});
  const files = {ipynb: join(folder, `${name}.ipynb`), html: join(folder, `${name}.html`)};
  const unfinished = {
    ipynb: join(folder, `.${name}.${process.pid}.ipynb`),
    html: join(folder, `.${name}.${process.pid}.html`),
  };
  const failed = join(folder, `${name}.failed.ipynb`);
  const shown = display(notebook);
  try {
    const job = {
      notebook,
      name: shown,
      parameters,
      folder: within(notebook, home) ? dirname(notebook) : join(home, 'notebooks'),
      ...unfinished,
    };
    const seconds = await execute(job, log);
    renameSync(unfinished.ipynb, files.ipynb);
    renameSync(unfinished.html, files.html);
    rmSync(failed, {force: true});
    return {...files, seconds};
  } catch (error) {
    if (error instanceof ReportError && error.code === 1 && existsSync(unfinished.ipynb)) {
      renameSync(unfinished.ipynb, failed);
      error.message += `\nThe cells executed so far are in ${display(failed)}`;
    }
    throw error;
  } finally {
    for (const file of Object.values(unfinished)) rmSync(file, {force: true});
  }
}

/** Runs Python as a child process and logs its events as lines; resolves to the seconds that the notebook took. */
function execute(job, log) {
  const started = performance.now();
  const child = spawnChild(
    python(),
    [join(home, 'tools', 'execute.py')],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        CAPTIONER_CWD: callersFolder(),
        CAPTIONER_HOME: home,
        PYTHONDONTWRITEBYTECODE: '1',
      },
      detached: true,
    },
    {signals: ['SIGINT', 'SIGHUP', 'SIGTERM']},
  );
  child.stdin.on('error', () => {}); // It ended before reading; its exit code says more.
  child.stdin.end(JSON.stringify(job));

  let outcome;
  let lastLine = performance.now();
  const say = (line) => {
    lastLine = performance.now();
    log(`${clock((lastLine - started) / 1000)}  ${line}`);
  };
  createInterface({input: child.stdout}).on('line', (text) => {
    const event = JSON.parse(text);
    if (event.event === 'section') say(event.title);
    else if (event.event === 'output' && performance.now() - lastLine > 10_000) say(`  ${event.text}`);
    else if (event.event === 'done' || event.event === 'failed') outcome = event;
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr = (stderr + chunk).slice(-20_000)));

  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new ReportError(`Python did not start: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (outcome?.event === 'done') resolve(outcome.seconds);
      else if (child.endedBy)
        reject(
          new ReportError(`${job.name}: stopped; a run in training is saved`, exitCodeOf(child.endedBy)),
        );
      else if (outcome) reject(new ReportError(outcome.message, outcome.code));
      else
        reject(
          new ReportError(`${job.name}: execution ended unexpectedly (${signal ?? code})\n${stderr.trim()}`),
        );
    });
  });
}

/** A path relative to the caller's folder if it lies within, otherwise absolute. */
export function display(file) {
  const short = relative(process.env.INIT_CWD ?? process.cwd(), file);
  return short.startsWith('..') ? file : short;
}

function within(file, folder) {
  const path = relative(folder, file);
  return !isAbsolute(path) && path !== '..' && !path.startsWith(`..${sep}`);
}

function clock(seconds) {
  return `${String(Math.floor(seconds / 60)).padStart(3)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

/** Runs a command. A `ReportError` ends it with its message and exit code; any other error is a bug and shows its stack. */
export async function command(run) {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    console.error(error.message);
    process.exitCode = error.code;
  }
}

async function main() {
  const given = parseArguments(process.argv.slice(2));
  if (given === undefined) return console.log(usage);
  console.log(`Executing ${display(given.notebook)}`);
  const {html, ipynb, seconds} = await report(given.notebook, given.parameters);
  console.log(`Done in ${seconds.toFixed(0)} s\n${display(ipynb)}\n${display(html)}`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await command(main);
