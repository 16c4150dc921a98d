/** The version of the project that a report was made with. */
import {spawnSync} from 'node:child_process';
import {realpathSync} from 'node:fs';
import {join} from 'node:path';
import {readJson} from '../setup/files.mjs';
import {home} from '../setup/project.mjs';

/** @returns {{version?: string, commit?: string, changed?: boolean}} No commit if the project isn't a git repository of its own. */
export function projectVersion(folder = home) {
  const version = readJson(join(folder, 'package.json'))?.version;
  const git = (...words) => {
    const {status, stdout} = spawnSync('git', ['--no-optional-locks', '-C', folder, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return status === 0 ? stdout.trim() : undefined;
  };
  const top = git('rev-parse', '--show-toplevel');
  const commit = git('rev-parse', '--short=10', 'HEAD');
  if (top === undefined || commit === undefined || realpathSync(top) !== realpathSync(folder))
    return {version};
  return {version, commit, changed: git('status', '--porcelain', '--untracked-files=no') !== ''};
}
