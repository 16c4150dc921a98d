/** A PostgreSQL server of a test's own, which listens on a socket in its folder and on no network. */
import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';

export interface Postgres {
  /** Address of its database. */
  readonly url: string;
  readonly stop: () => void;
}

/** The folder of PostgreSQL's programs, where Debian installs them; undefined without them. */
function programs(): string | undefined {
  const versions = '/usr/lib/postgresql';
  const found = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : [];
  return found
    .map((version) => join(versions, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
}

/** Starts a server; undefined where PostgreSQL isn't installed. */
export function startPostgres(folder: string): Postgres | undefined {
  const bin = programs();
  if (bin === undefined) return undefined;
  mkdirSync(folder, {recursive: true});
  const data = join(folder, 'data');
  // It refuses to run as root.
  const root = process.getuid?.() === 0;
  if (root) {
    chmodSync(join(folder, '..'), 0o755);
    spawnSync('chown', ['postgres', folder]);
  }
  const run = (program: string, ...args: string[]): void => {
    const line = [...(root ? ['runuser', '-u', 'postgres', '--'] : []), join(bin, program), ...args];
    const {status, stderr, error} = spawnSync(line[0]!, line.slice(1), {
      encoding: 'utf8',
      cwd: folder,
      // A server that goes on would keep a pipe open.
      stdio: ['ignore', 'ignore', program === 'pg_ctl' ? 'ignore' : 'pipe'],
    });
    if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
  };
  run('initdb', '--pgdata', data, '--auth', 'trust', '--username', 'postgres', '--no-sync');
  const options = `-c listen_addresses='' -c unix_socket_directories='${folder}' -c fsync=off`;
  run('pg_ctl', '--pgdata', data, '--wait', '--log', join(folder, 'log'), '--options', options, 'start');
  return {
    url: `postgresql:///postgres?user=postgres&host=${folder}`,
    stop: () => run('pg_ctl', '--pgdata', data, '--mode', 'immediate', 'stop'),
  };
}
