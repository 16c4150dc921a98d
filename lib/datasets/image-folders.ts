/** The image folders of a dataset. Each is listed once, and files that no caption names are reported. */
import {readdirSync, realpathSync, type Stats, statSync} from 'node:fs';
import {basename, dirname, join, relative, sep} from 'node:path';
import {CaptionerError} from '../errors';

/** Maximum nesting: archives are unpacked into folders of their own name, sometimes repeatedly. */
const depth = 3;
/** Names of files that may hold an image. */
export const imageFile: RegExp = /\.(jpe?g|png|webp|gif)$/i;

/** The files of a folder. */
interface Listing {
  readonly folder: string;
  /** The folder without symbolic links. */
  readonly real: string;
  /** The id of the image that was found in each file; undefined until it is looked up. */
  readonly ids: Map<string, string | undefined>;
  readonly links: ReadonlySet<string>;
  /** Names by what `fold` makes of them, made when it is needed. */
  folded?: ReadonlyMap<string, readonly string[]>;
}

/** A file that was found for a name. */
interface Found {
  /** Name of the image: that by which its file was found first. */
  readonly id: string;
  /** Absolute path. */
  readonly file: string;
}

export class ImageFolders {
  readonly #root: string;
  readonly #folders: readonly string[];
  /** Listings by path; folders that are the same share one. */
  readonly #listed = new Map<string, Listing>();
  /** Ids of images that were found through symbolic links, by the paths of their files. */
  readonly #linked = new Map<string, string>();

  /**
   * @param root The dataset's folder.
   * @param folders Folders, searched in this order.
   */
  constructor(root: string, folders: readonly string[]) {
    this.#root = root;
    this.#folders = folders;
    for (const folder of folders) this.#list(folder);
  }

  /** The folders, for messages. */
  get where(): string {
    return this.#folders.join(' or ');
  }

  /**
   * Finds the file of an image. Where no file has the very name, one that differs from it in the Unicode form, in the case of its ending or in
   * `\` for `/` is found, if there is exactly one.
   *
   * @param name File name, optionally with subfolders, or an absolute path in the dataset's folder.
   * @param within Folders that the caption file names, searched first. An image whose name others in other folders have too then has its
   *   folder in its id.
   */
  find(name: string, within?: readonly string[]): Found | undefined {
    const inside = this.local(name);
    if (inside === undefined) return undefined;
    const folders = [...(within ?? []), ...this.#folders];
    const spellings = new Set([inside, inside.replaceAll('\\', '/')]);
    for (const one of spellings)
      for (const folder of folders) {
        const found = this.#look(folder, one);
        if (!found) continue;
        const ambiguous =
          within !== undefined && folders.some((other) => this.#holdsOther(other, one, found));
        return this.#take(found, ambiguous ? relative(this.#root, `${folder}${sep}${one}`) : one);
      }
    for (const one of spellings) {
      const near = folders.flatMap((folder) => this.#similar(folder, one));
      const files = new Map(near.map((found) => [found.path, found]));
      if (files.size === 1) return this.#take(near[0]!, one);
    }
    return undefined;
  }

  /** Returns the image files that were not looked up, relative to the dataset's folder. */
  unreferenced(): string[] {
    return [...new Set(this.#listed.values())].flatMap(({folder, ids}) =>
      [...ids]
        .filter(([name, id]) => id === undefined && imageFile.test(name))
        .map(([name]) => relative(this.#root, join(folder, name))),
    );
  }

  /** Returns a name as it is, or an absolute path relative to the dataset's folder; undefined if it lies outside. */
  local(name: string): string | undefined {
    if (!/^(?:[\\/]|[a-z]:)/i.test(name)) return name;
    const roots = [this.#root, realpathSync(this.#root)];
    const root = roots.find((folder) => name.startsWith(`${folder}${sep}`));
    return root && name.slice(root.length + 1);
  }

  #look(folder: string, name: string): Place | undefined {
    const own = name.slice(name.lastIndexOf('/') + 1);
    const listing = this.#list(own === name ? folder : join(folder, name, '..'));
    // `join` would make a second copy of the path in memory
    return listing.ids.has(own) ? {listing, name: own, path: `${folder}${sep}${name}`} : undefined;
  }

  #holdsOther(folder: string, name: string, {listing, name: own}: Place): boolean {
    const other = this.#look(folder, name);
    return other !== undefined && !(other.listing === listing && other.name === own);
  }

  /** Files whose names differ only in what `fold` removes. */
  #similar(folder: string, name: string): Place[] {
    return ['NFC', 'NFD'].flatMap((form) => {
      const path = name.normalize(form);
      const parent = path.includes('/') ? join(folder, dirname(path)) : folder;
      const listing = this.#list(parent);
      const names = (listing.folded ??= foldAll(listing.ids.keys())).get(fold(basename(path))) ?? [];
      return names.map((own) => ({listing, name: own, path: join(parent, own)}));
    });
  }

  #take({listing, name, path}: Place, id: string): Found {
    const found = listing.links.has(name)
      ? this.#takeTarget(path, id)
      : (listing.ids.get(name) ?? this.#linked.get(`${listing.real}${sep}${name}`) ?? id);
    listing.ids.set(name, found);
    return {id: found, file: path};
  }

  /** Takes the file that a symbolic link leads to. */
  #takeTarget(path: string, id: string): string {
    const real = realpathSync(path);
    const ids = this.#listed.get(`=${dirname(real)}`)?.ids;
    const found = ids?.get(basename(real)) ?? this.#linked.get(real) ?? id;
    this.#linked.set(real, found);
    if (ids?.has(basename(real))) ids.set(basename(real), found);
    return found;
  }

  #list(folder: string): Listing {
    const known = this.#listed.get(folder);
    if (known) return known;
    const real = isFolder(folder) ? realpathSync(folder) : folder;
    const listing = this.#listed.get(`=${real}`) ?? readListing(folder, real);
    this.#listed.set(folder, listing).set(`=${real}`, listing);
    return listing;
  }
}

interface Place {
  readonly listing: Listing;
  readonly name: string;
  readonly path: string;
}

function readListing(folder: string, real: string): Listing {
  const ids = new Map<string, string | undefined>();
  const links = new Set<string>();
  if (isFolder(folder))
    for (const entry of readdirSync(folder, {withFileTypes: true})) {
      ids.set(entry.name, undefined);
      if (entry.isSymbolicLink() && isFile(join(folder, entry.name))) links.add(entry.name);
    }
  return {folder, real, ids, links};
}

/** Makes names equal that differ in the Unicode form or in the case of the ending. */
function fold(name: string): string {
  const dot = name.lastIndexOf('.');
  return (dot < 0 ? name : name.slice(0, dot) + name.slice(dot).toLowerCase()).normalize('NFC');
}

function foldAll(names: Iterable<string>): Map<string, string[]> {
  const folded = new Map<string, string[]>();
  for (const name of names) folded.set(fold(name), [...(folded.get(fold(name)) ?? []), name]);
  return folded;
}

/**
 * Finds the image folder of a dataset.
 *
 * @throws CaptionerError `dataset` if there is none.
 */
export function findImageFolder(root: string, names: readonly string[]): string {
  const folder = imageFolderNamed(root, names);
  if (folder !== undefined) return folder;
  throw new CaptionerError(
    'dataset',
    `${root}: expected a folder ${names.join(' or ')} with the images, found none`,
  );
}

/**
 * Returns the first folder of one of these names that contains images, also nested in others of these names; if none contains images, the
 * first of them.
 */
export function imageFolderNamed(root: string, names: readonly string[]): string | undefined {
  const found: string[] = [];
  let parents = [root];
  for (let level = 0; level < depth; level++) {
    parents = parents.flatMap((parent) => names.map((name) => join(parent, name)).filter(isFolder));
    found.push(...parents);
  }
  return found.find((path) => readdirSync(path).some((name) => imageFile.test(name))) ?? found[0];
}

export function isFolder(path: string): boolean {
  return stat(path)?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return stat(path)?.isFile() ?? false;
}

function stat(path: string): Stats | undefined {
  try {
    return statSync(path, {throwIfNoEntry: false});
  } catch {
    return undefined; // a part of the path is a file, or may not be read
  }
}

/** Whether a file name has the extension of an image. */
export function isImageFile(name: string): boolean {
  return imageFile.test(name);
}
