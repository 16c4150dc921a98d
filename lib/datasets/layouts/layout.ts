/** The interface of dataset layouts: how a layout is recognised and read. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import type {Dataset} from '../dataset';
import type {OnProgress} from '../assemble-dataset';

export interface Layout {
  /** Name for messages, with the file by which it is recognised. */
  readonly name: string;
  /** Whether a folder has this layout. */
  readonly found: (folder: string) => boolean;
  readonly read: (folder: string, onProgress?: OnProgress) => Promise<Dataset>;
}

/** Returns the first of the paths, relative to a folder, that exists. */
export function firstOf(folder: string, paths: readonly string[]): string | undefined {
  return paths.map((path) => join(folder, path)).find((path) => existsSync(path));
}
