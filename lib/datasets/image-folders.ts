/** The image folders of a dataset. Each is listed once, and files that no caption names are reported. */
import {readdirSync, statSync} from 'node:fs';
import {join, relative, sep} from 'node:path';
import {CaptionerError} from '../errors';

/** Maximum nesting: archives are unpacked into folders of their own name, sometimes repeatedly. */
const depth = 3;
const imageFile = /\.(jpe?g|png|webp|gif)$/i;

export class ImageFolders {
  readonly #root: string;
  readonly #folders: readonly string[];
  /** Names in each folder, and whether they were looked up. */
  readonly #listed = new Map<string, Map<string, boolean>>();

  /** @param folders Folders, searched in this order. */
  constructor(root: string, folders: readonly string[]) {
    this.#root = root;
    this.#folders = folders;
    for (const folder of folders) this.#list(folder);
  }

  /** The folders, for messages. */
  get where(): string {
    return this.#folders.join(' or ');
  }

  /** Returns the path of an image. @param id File name, optionally with subfolders. */
  find(id: string): string | undefined {
    const name = id.slice(id.lastIndexOf('/') + 1);
    for (const folder of this.#folders) {
      const names = this.#list(name === id ? folder : join(folder, id, '..'));
      if (!names.has(name)) continue;
      names.set(name, true);
      return `${folder}${sep}${id}`; // `join` would make a second copy of the path in memory
    }
    return undefined;
  }

  /** Returns the image files that were not looked up, relative to the dataset's folder. */
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
 * Finds the image folder of a dataset: the first folder of one of these names that contains images, also nested in others of these names.
 *
 * @throws CaptionerError `dataset` if there is none.
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
      `${root}: expected a folder ${names.join(' or ')} with the images, found none`,
    );
  return folder;
}

export function isFolder(path: string): boolean {
  return statSync(path, {throwIfNoEntry: false})?.isDirectory() ?? false;
}

/** Whether a file name has the extension of an image. */
export function isImageFile(name: string): boolean {
  return imageFile.test(name);
}
