/** The interface of dataset layouts: how a layout is recognised and read. */
import {closeSync, existsSync, readSync} from 'node:fs';
import {join} from 'node:path';
import {decodeText} from '../../files/lines';
import {openFileSync} from '../../files/regular-file';
import type {Dataset} from '../dataset';
import type {OnProgress} from '../assemble-dataset';

export interface Layout {
  /** Name for messages, with the file by which it is recognised. */
  readonly name: string;
  /** Whether a folder has this layout. */
  readonly found: (folder: string) => boolean;
  readonly read: (folder: string, onProgress?: OnProgress) => Promise<Dataset>;
}

/** Returns the first line of a text file, at most 4 KB of it; empty if it cannot be read. */
export function firstLine(file: string): string {
  return headOf(file).split(/\r?\n/, 1)[0]!;
}

/** Returns the beginning of a text file, at most 4 KB; empty if it cannot be read. */
export function headOf(file: string): string {
  const head = Buffer.alloc(4096);
  try {
    const {descriptor: handle} = openFileSync(file, {code: 'captions', largest: Infinity});
    try {
      return decodeText(head.subarray(0, readSync(handle, head)));
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}

/** Returns the first of the paths, relative to a folder, that exists. */
export function firstOf(folder: string, paths: readonly string[]): string | undefined {
  return paths.map((path) => join(folder, path)).find((path) => existsSync(path));
}
