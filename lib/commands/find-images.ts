/** Turns the arguments of `captioner caption` into image files: files as they are, folders with all images in them, `-` as a list. */
import {readdirSync, realpathSync, statSync, type Stats} from 'node:fs';
import {extname, join} from 'node:path';
import {text} from 'node:stream/consumers';
import {CaptionerError} from '../errors';
import {imageFile} from '../datasets/image-folders';
import {explainFileError} from '../file-error';
import {userPath} from '../paths';
import {warn} from './io';

/** An image that the user named, or that lies in a folder that they named. */
export interface FoundImage {
  /** As the user would write it, relative to where they are. */
  readonly name: string;
  readonly file: string;
}

export interface FoundImages {
  readonly images: readonly FoundImage[];
  /** Errors about names that can't be read or hold no image. */
  readonly problems: readonly CaptionerError[];
  /** Whether exactly one file was named, so that its caption needs no name beside it. */
  readonly single: boolean;
}

/** @throws CaptionerError `options` if `-` is named twice. */
export async function findImages(names: readonly string[]): Promise<FoundImages> {
  if (names.filter((name) => name === '-').length > 1)
    throw new CaptionerError('options', 'Expected - (a list on standard input) once, got it twice');
  const images: FoundImage[] = [];
  const problems: CaptionerError[] = [];
  const others = new Map<string, number>();
  let single = names.length === 1;
  for (const name of names.flatMap((one) => (one === '-' ? [undefined] : [one]))) {
    const listed = name === undefined ? lines(await text(process.stdin)) : [name];
    if (name === undefined) single = false;
    for (const one of listed) {
      const file = userPath(one);
      const kind = kindOf(file);
      if (kind instanceof CaptionerError) {
        problems.push(kind);
        continue;
      }
      if (kind?.isDirectory() !== true) {
        images.push({name: one, file});
        continue;
      }
      single = false;
      const before = images.length;
      walk(one, file, new Set(), {images, problems, others});
      if (images.length === before)
        problems.push(
          new CaptionerError('not-found', `${one}: expected images (JPEG, PNG, WebP, GIF), found none`),
        );
    }
  }
  if (others.size > 0) {
    const kinds = [...others].sort((a, b) => b[1] - a[1]).map(([kind, count]) => `${count} ${kind}`);
    const more = kinds.length > 4 ? ', …' : '';
    warn(`left out what is no JPEG, PNG, WebP or GIF by its name: ${kinds.slice(0, 4).join(', ')}${more}`);
  }
  return {images, problems, single};
}

/** Names in a list: one a line, or separated by zero bytes as `find -print0` writes them. */
function lines(list: string): string[] {
  return list
    .replace(/^\uFEFF/, '')
    .split(list.includes('\0') ? '\0' : /\r?\n/)
    .filter((line) => line !== '');
}

/** @param above Real paths of the folders around this one, since a link may lead back to one of them. */
function walk(
  name: string,
  folder: string,
  above: ReadonlySet<string>,
  found: {
    readonly images: FoundImage[];
    readonly problems: CaptionerError[];
    readonly others: Map<string, number>;
  },
): void {
  let names: string[];
  let real: string;
  try {
    real = realpathSync(folder);
    names = readdirSync(folder).sort();
  } catch (error) {
    found.problems.push(explainFileError(error, folder) as CaptionerError);
    return;
  }
  if (above.has(real)) return;
  // Hidden files are a system's own, such as the second half of each image on some USB sticks.
  for (const one of names.filter((each) => !each.startsWith('.'))) {
    const [inner, file] = [join(name, one), join(folder, one)];
    const what = kindOf(file);
    if (what instanceof CaptionerError) found.problems.push(what);
    else if (what?.isDirectory()) walk(inner, file, new Set([...above, real]), found);
    else if (imageFile.test(one)) found.images.push({name: inner, file});
    else {
      const kind = extname(one).toLowerCase() || 'without an ending';
      found.others.set(kind, (found.others.get(kind) ?? 0) + 1);
    }
  }
}

/** Returns what lies there; undefined for nothing; the error if the system doesn't say. */
function kindOf(file: string): Stats | CaptionerError | undefined {
  try {
    return statSync(file, {throwIfNoEntry: false});
  } catch (cause) {
    const error = explainFileError(cause, file);
    if (error instanceof CaptionerError) return error;
    return undefined; // said when the image is read
  }
}
