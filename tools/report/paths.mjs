/** Paths of a report: as the user gave them, as they are printed, and as a reader elsewhere may see them. */
import {existsSync, realpathSync} from 'node:fs';
import {homedir, tmpdir} from 'node:os';
import {dirname, isAbsolute, relative, resolve, sep} from 'node:path';
import {home} from '../setup/project.mjs';

/** The folder in which the command was run; npm changes the working folder to the project's. */
export function callersFolder() {
  return process.env.CAPTIONER_CWD ?? process.env.INIT_CWD ?? process.cwd();
}

/** A path relative to the caller's folder if it lies within, otherwise absolute. */
export function display(file) {
  const short = relative(process.env.INIT_CWD ?? process.cwd(), file);
  return short.startsWith('..') ? file : short;
}

export function within(file, folder) {
  const path = relative(folder, file);
  return !isAbsolute(path) && path !== '..' && !path.startsWith(`..${sep}`);
}

/**
 * Lists what paths of this machine become in a report: paths in the project become relative to it, and of others the reader sees the end.
 *
 * @param {string} notebook
 * @param {[string, string][]} parameters
 * @returns {[string, string][]} Folders and what replaces them, the longest first.
 */
export function machinePaths(notebook, parameters) {
  const given = parameters.map(([, value]) => value).filter((value) => isAbsolute(value));
  const elsewhere = [
    ...given.map((path) => [dirname(resolve(path)), '…/']),
    [dirname(notebook), ''],
    [callersFolder(), ''],
  ].filter(([folder]) => !within(folder, home));
  const folders = [[home, ''], ...elsewhere, [homedir(), '~/'], [tmpdir(), '…/']];
  const known = new Map();
  for (const [folder, shown] of folders.flatMap(([folder, shown]) => [
    [folder, shown],
    [existsSync(folder) ? realpathSync(folder) : folder, shown],
  ]))
    if (folder !== dirname(folder) && !known.has(folder)) known.set(folder, shown);
  return [...known].sort(([a], [b]) => b.length - a.length);
}
