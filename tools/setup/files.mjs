/** Writes small files atomically, and computes the checksums by which a step knows that its result is intact. */
import {createHash} from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import {dirname, join} from 'node:path';

/** Writes to a temporary file, syncs and renames it. Only one set-up runs at a time, so one temporary name is enough: leftovers are overwritten. */
export function writeWhole(file, content) {
  mkdirSync(dirname(file), {recursive: true});
  const temporary = `${file}.tmp`;
  try {
    const handle = openSync(temporary, 'w');
    try {
      writeSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, {force: true});
    throw error;
  }
}

export const writeJson = (file, value) => writeWhole(file, `${JSON.stringify(value, undefined, 2)}\n`);

/** @returns {any} `undefined` if the file is missing or isn't JSON: in both cases the step must run. */
export function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

export const sum = (content) => createHash('sha256').update(content).digest('hex');

/** @returns {string | undefined} `undefined` if the file is missing. */
export function sumOfFile(file) {
  try {
    return sum(readFileSync(file));
  } catch {
    return undefined;
  }
}

/** Lists the files below a folder as sorted relative paths; empty if there is no such folder. */
export function filesBelow(folder, wanted, within = '') {
  let entries;
  try {
    entries = readdirSync(join(folder, within), {withFileTypes: true});
  } catch {
    return [];
  }
  return entries
    .flatMap((entry) => {
      const path = within === '' ? entry.name : `${within}/${entry.name}`;
      if (!wanted(path, entry.isDirectory())) return [];
      return entry.isDirectory() ? filesBelow(folder, wanted, path) : [path];
    })
    .sort();
}

/** A single checksum of the names and contents of files. */
export function sumOfFiles(folder, paths) {
  return sum(paths.map((path) => `${path}\0${sumOfFile(join(folder, path))}\n`).join(''));
}
