/** Where the images of a data set lie: a few folders, listed once each, and what of them nobody asked for. */
import {readdirSync, statSync} from 'node:fs';
import {join, relative, sep} from 'node:path';
import {CaptionerError} from '../errors';

/** Archives are unpacked into folders of their own name, and these into others. */
const depth = 3;
const imageFile = /\.(jpe?g|png|webp|gif)$/i;

export class ImageFolders {
  readonly #root: string;
  readonly #folders: readonly string[];
  /** Names in each folder, and whether they were asked for. */
  readonly #listed = new Map<string, Map<string, boolean>>();

  /** @param folders Tried in this order; those that hold no image are listed too. */
  constructor(root: string, folders: readonly string[]) {
    this.#root = root;
    this.#folders = folders;
    for (const folder of folders) this.#list(folder);
  }

  /** For messages. */
  get where(): string {
    return this.#folders.join(' or ');
  }

  /** @param id A file name, with folders before it or without. */
  find(id: string): string | undefined {
    const name = id.slice(id.lastIndexOf('/') + 1);
    for (const folder of this.#folders) {
      const names = this.#list(name === id ? folder : join(folder, id, '..'));
      if (!names.has(name)) continue;
      names.set(name, true);
      return `${folder}${sep}${id}`; // by `join`, the path would be in memory a second time
    }
    return undefined;
  }

  /** Image files beside those that were found, relative to the data set's folder. */
  unreferenced(): string[] {
    return [...this.#listed].flatMap(([folder, names]) =>
      [...names]
        .filter(([name, found]) => !found && imageFile.test(name))
        .map(([name]) => relative(this.#root, join(folder, name))),
    );
  }

  #list(folder: string): Map<string, boolean> {
    const known = this.#listed.get(folder);
    if (known) return known;
    const names = new Map<string, boolean>();
    if (isFolder(folder)) for (const name of readdirSync(folder)) names.set(name, false);
    this.#listed.set(folder, names);
    return names;
  }
}

/**
 * @param names Of which the first that holds images counts, wherever it lies within others of these names.
 * @throws CaptionerError `dataset` when none is there.
 */
export function findImageFolder(root: string, names: readonly string[]): string {
  const found: string[] = [];
  let parents = [root];
  for (let level = 0; level < depth; level++) {
    parents = parents.flatMap((parent) => names.map((name) => join(parent, name)).filter(isFolder));
    found.push(...parents);
  }
  const folder = found.find((path) => readdirSync(path).some((name) => imageFile.test(name))) ?? found[0];
  if (folder === undefined)
    throw new CaptionerError(
      'dataset',
      `${root}: expected a folder ${names.join(' or ')} with the photographs, found none`,
    );
  return folder;
}

export function isFolder(path: string): boolean {
  return statSync(path, {throwIfNoEntry: false})?.isDirectory() ?? false;
}

/** Whether a file's name is that of an image. */
export function isImageFile(name: string): boolean {
  return imageFile.test(name);
}
