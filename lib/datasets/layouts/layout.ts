/** What a layout of data sets is: how it is recognised in a folder, and how it is read. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import type {Dataset} from '../dataset';
import type {OnProgress} from '../assemble-dataset';

export interface Layout {
  /** For messages, with the file by which it is recognised. */
  readonly name: string;
  readonly found: (folder: string) => boolean;
  readonly read: (folder: string, onProgress?: OnProgress) => Promise<Dataset>;
}

/** The first of some paths, relative to a folder, that is there. */
export function firstOf(folder: string, paths: readonly string[]): string | undefined {
  return paths.map((path) => join(folder, path)).find((path) => existsSync(path));
}
