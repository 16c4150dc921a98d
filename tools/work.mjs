/**
 * Working copies of the notebooks, in `work/`, which git ignores: outputs and changes there never conflict with an update of the project.
 * A copy that nobody edited follows its original; one that somebody edited is kept, and the newer original is put beside it.
 */
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {writeWhole} from './setup/files.mjs';

/** For each copy the digest of its original's cells, as they were when it was made. */
const recordName = '.originals.json';

/**
 * Makes missing copies and refreshes those that nobody edited.
 *
 * @param {string} home The project's folder.
 * @returns {{folder: string, first: string, messages: string[]}} `first`: name of the first chapter's copy.
 */
export function prepareWork(home) {
  const [originals, folder] = [join(home, 'notebooks'), join(home, 'work')];
  mkdirSync(folder, {recursive: true});
  const record = readRecord(folder);
  const messages = [];
  const names = readdirSync(originals)
    .filter((name) => name.endsWith('.ipynb'))
    .sort();
  for (const name of names) {
    const original = readFileSync(join(originals, name), 'utf8');
    const digest = digestOf(original);
    if (record[name] === digest && existsSync(join(folder, name))) continue;
    const copy = readCopy(join(folder, name));
    if (copy === undefined || digestOf(copy) === record[name]) {
      writeWhole(join(folder, name), copy === undefined ? original : withOutputs(original, copy));
      if (copy !== undefined) messages.push(`work/${name} is now the newer version of the notebook.`);
    } else if (digestOf(copy) !== digest) {
      const beside = freeName(folder, name);
      writeWhole(join(folder, beside), original);
      messages.push(`work/${name} has your changes and is kept; its newer version is work/${beside}.`);
    }
    record[name] = digest;
    writeWhole(join(folder, recordName), `${JSON.stringify(record, undefined, 2)}\n`);
  }
  return {folder, first: names[0], messages};
}

function readRecord(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, recordName), 'utf8')) ?? {};
  } catch {
    return {}; // none, or damaged: copies then count as edited
  }
}

function readCopy(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Digest of what an author writes: not of outputs, counters or what an editor notes of itself. */
function digestOf(notebook) {
  const cells = cellsOf(notebook)?.map(({cell_type: type, source}) => [type, textOf(source)]);
  return createHash('sha256')
    .update(cells ? JSON.stringify(cells) : notebook)
    .digest('hex');
}

/** A notebook with the outputs that another has for the same code, so that no result is lost with the update. */
function withOutputs(notebook, other) {
  const known = new Map(
    cellsOf(other)
      .filter(({cell_type: type}) => type === 'code')
      .map((cell) => [textOf(cell.source), cell]),
  );
  const content = JSON.parse(notebook);
  for (const cell of content.cells) {
    const same = cell.cell_type === 'code' && known.get(textOf(cell.source));
    if (same) Object.assign(cell, {outputs: same.outputs, execution_count: same.execution_count});
  }
  return `${JSON.stringify(content, undefined, 1)}\n`;
}

/** @returns `undefined` for a file that is no notebook. */
function cellsOf(notebook) {
  try {
    const {cells} = JSON.parse(notebook);
    return Array.isArray(cells) ? cells : undefined;
  } catch {
    return undefined;
  }
}

function textOf(source) {
  return Array.isArray(source) ? source.join('') : String(source);
}

function freeName(folder, name) {
  const base = name.replace(/\.ipynb$/, '');
  for (let number = 2; ; number++) {
    const candidate = `${base}-${number}.ipynb`;
    if (!existsSync(join(folder, candidate))) return candidate;
  }
}
