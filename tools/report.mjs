/**
 * Executes a notebook with parameters and writes the result to `reports/<name>/`: `<name>.ipynb` and `<name>.html`, a single file that
 * works offline. They are written only if every cell succeeds; a run that fails leaves `reports/<name>.failed.ipynb`.
 */
import {randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, renameSync, rmSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {createInterface} from 'node:readline';
import {pathToFileURL} from 'node:url';
import {exitCodeOf, spawnChild} from './child.mjs';
import {parseArguments, usage} from './report/arguments.mjs';
import {ReportError} from './report/error.mjs';
import {identityOf, nameOf, refuseOther} from './report/name.mjs';
import {callersFolder, display, machinePaths, within} from './report/paths.mjs';
import {publish} from './report/publish.mjs';
import {projectVersion} from './report/version.mjs';
import {home, openProject} from './setup/project.mjs';
import {environment} from './setup/python.mjs';

export {display} from './report/paths.mjs';
export {ReportError} from './report/error.mjs';

export const reports = join(home, 'reports');

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
 * @param {object} options
 * @param {string} [options.folder] The folder of all reports.
 * @param {string} [options.output] Name of the report; otherwise made of the notebook's and the parameters'.
 * @param {boolean} [options.replace] Whether `output` may be the name of another report.
 * @param {boolean} [options.sharedAssets] Whether Plotly lies beside the report rather than in it.
 * @param {Record<string, string>} [options.environment] Variables for the kernel, beside those of this process.
 * @param {(line: string) => void} [options.log]
 * @param {(section: string, fraction: number) => void} [options.onSection] Called where a section begins, with the part of the cells
 *   before it.
 * @returns {Promise<{html: string, ipynb: string, index: string, seconds: number}>}
 */
export async function report(notebook, parameters = [], options = {}) {
  const {folder = reports, output, replace = false, sharedAssets = false, log = console.log} = options;
  const {environment: variables = {}, onSection} = options;
  const wanted = output ?? nameOf(notebook, parameters);
  if (output !== undefined && !replace) refuseOther(folder, output, identityOf(notebook, parameters));
  mkdirSync(folder, {recursive: true});
  const unfinished = join(folder, `.unfinished-${randomBytes(6).toString('hex')}`);
  const own = within(notebook, home);
  const job = {
    notebook,
    name: display(notebook),
    parameters,
    folder: own ? dirname(notebook) : join(home, 'notebooks'),
    output: unfinished,
    assets: sharedAssets ? join(folder, 'assets') : null,
    links: own ? {report: join(folder, wanted), notebooks: dirname(notebook), project: home} : null,
    paths: machinePaths(notebook, parameters),
    about: {notebook: own ? relative(home, notebook) : display(notebook), ...projectVersion()},
  };
  try {
    const seconds = await execute(job, {log, onSection, variables});
    // A folder that the notebook made, such as a run's, is known as one only now.
    const identity = identityOf(notebook, parameters);
    const {taken, ...files} = await publish(folder, unfinished, {wanted, identity, replace});
    if (taken && output !== undefined) log(`${output} was taken meanwhile by another report`);
    return {...files, index: join(folder, 'index.html'), seconds};
  } catch (error) {
    const cells = join(unfinished, 'report.ipynb');
    if (error instanceof ReportError && error.code === 1 && existsSync(cells)) {
      const failed = join(folder, `${wanted}.failed.ipynb`);
      renameSync(cells, failed);
      error.message += `\nThe cells executed so far are in ${display(failed)}`;
    }
    throw error;
  } finally {
    rmSync(unfinished, {recursive: true, force: true});
  }
}

/** Runs Python as a child process and logs its events as lines; resolves to the seconds that the notebook took. */
function execute(job, {log, onSection, variables}) {
  const started = performance.now();
  const child = spawnChild(
    python(),
    [join(home, 'tools', 'execute.py')],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...variables,
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
    if (event.event === 'section') {
      say(event.title);
      onSection?.(event.title, event.cell / event.cells);
    } else if (event.event === 'output' && performance.now() - lastLine > 10_000) say(`  ${event.text}`);
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
  const {html, ipynb, index, seconds} = await report(given.notebook, given.parameters, given);
  const all = `All reports: ${display(index)}`;
  console.log(`Done in ${seconds.toFixed(0)} s\n${display(ipynb)}\n${display(html)}\n${all}`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await command(main);
