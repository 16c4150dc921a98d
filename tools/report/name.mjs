/**
 * Names of reports, and which report has which name. A report is identified by its notebook and the parameters that were set; its
 * identity is kept as a checksum, because the path of a notebook tells about a machine.
 */
import {existsSync, realpathSync} from 'node:fs';
import {basename, join, relative, resolve} from 'node:path';
import {readJson, sum} from '../setup/files.mjs';
import {home} from '../setup/project.mjs';
import {ReportError} from './error.mjs';
import {callersFolder, display, within} from './paths.mjs';

const longest = 60;
const reserved = new Set(['assets', 'index', 'index.html']);

/** Makes a file name of any text. */
function slug(text) {
  return text
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}._]+/gu, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
}

/** The name of a report: `06-search-data-flickr8k`. Long ones are cut, and a checksum keeps them apart. */
export function nameOf(notebook, parameters) {
  const set = [...new Map(parameters)].sort(([a], [b]) => (a < b ? -1 : 1));
  const words = set.flatMap(([name, value]) => [name, isPath(value) ? basename(resolve(value)) : value]);
  const stem = basename(notebook).replace(/\.ipynb$/, '');
  const name = [stem, ...words].map(slug).filter(Boolean).join('-') || 'report';
  if (name.length <= longest) return name;
  return `${slug(name.slice(0, longest - 9))}-${sum(name).slice(0, 8)}`;
}

/** @throws ReportError If it can't be the name of a folder in `reports/`. */
export function checkName(name) {
  if (name === undefined || name.startsWith('-'))
    throw new ReportError('Expected a name after --output, such as `--output flickr8k-baseline`', 2);
  if (name === '' || name !== slug(name) || name.length > 100 || reserved.has(name))
    throw new ReportError(
      `Expected --output to be a name such as flickr8k-baseline, of letters, digits, ".", "-" and "_", got "${name}"; ` +
        `the report is written to reports/<name>/`,
      2,
    );
  return name;
}

/** Identifies a report. A path is the same path, from whichever folder it is given. */
export function identityOf(notebook, parameters) {
  const set = [...new Map(parameters)].map(([name, value]) => [name, place(value)]);
  return sum(JSON.stringify([anywhere(notebook), set.sort(([a], [b]) => (a < b ? -1 : 1))]));
}

function place(value) {
  const path = resolve(callersFolder(), value);
  return isPath(value) || (value !== '' && existsSync(path)) ? anywhere(path) : value;
}

/** A path that stays the same when the project is moved. */
function anywhere(path) {
  const real = existsSync(path) ? realpathSync(path) : path;
  const root = realpathSync(home);
  return within(real, root) ? `project:${relative(root, real)}` : real;
}

const isPath = (value) => /[\\/]/.test(value) && !/^\s*[[{]/.test(value);

/**
 * Chooses the name under which a report is written: that of its earlier version, or else the first that is free of `name`, `name-2`, ….
 *
 * @returns {{name: string, taken: boolean}} `taken`: whether another report has the wanted name.
 */
export function chooseName(folder, wanted, identity) {
  let free;
  // A report that was removed leaves a gap in the numbers: look behind it.
  for (let number = 1; free === undefined || number < free + 10; number++) {
    const name = numbered(wanted, number);
    const exists = reserved.has(name) || existsSync(join(folder, name));
    if (!exists) free ??= number;
    else if (readJson(join(folder, name, 'report.json'))?.identity === identity)
      return {name, taken: number > 1};
  }
  return {name: numbered(wanted, free), taken: free > 1};
}

const numbered = (name, number) => (number === 1 ? name : `${name}-${number}`);

/** @throws ReportError If `name` was asked for and holds another report. */
export function refuseOther(folder, name, identity) {
  if (!existsSync(join(folder, name))) return;
  const holder = readJson(join(folder, name, 'report.json'));
  if (holder?.identity === identity) return;
  const set = Object.entries(holder?.parameters ?? {}).map(([key, value]) => `${key} = ${value}`);
  const what =
    holder === undefined
      ? 'something else'
      : `the report of ${holder.notebook}${set.length > 0 ? ` with ${set.join(', ')}` : ', without parameters'}`;
  throw new ReportError(
    `${display(join(folder, name))} holds ${what}; choose another name, or add --replace to replace it`,
    2,
  );
}
