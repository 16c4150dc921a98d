/** The version of this library, and the commit that it was built from. */
import {execFileSync} from 'node:child_process';
import {readFileSync, realpathSync} from 'node:fs';
import {join, resolve} from 'node:path';

/** A version of the library. */
export interface LibraryVersion {
  readonly version: string;
  /** Abbreviated commit, with `-dirty` after it where files were changed; absent outside a clone of the project. */
  readonly commit?: string | undefined;
}

let found: LibraryVersion | undefined;

/** Returns the version of this library. */
export function libraryVersion(): LibraryVersion {
  if (found) return found;
  const folder = resolve(realpathSync(__dirname), '..', '..');
  const {version} = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  found = {version, commit: commitOf(folder)};
  return found;
}

/** @returns undefined where the folder isn't the top of a repository, or git is missing. */
function commitOf(folder: string): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {...process.env, GIT_OPTIONAL_LOCKS: '0'},
    }).trim();
  try {
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== folder) return undefined;
    return git('describe', '--always', '--dirty', '--abbrev=9', '--exclude=*');
  } catch {
    return undefined;
  }
}
