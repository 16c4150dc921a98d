/**
 * Runs the tests and measures their coverage of lib, including the processes that they start: the quick tests, or all with `--whole`.
 * Other arguments are passed to the tests. Prints a summary; `.build/coverage/index.html` shows the lines.
 */
import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {filesBelow, readJson} from './setup/files.mjs';
import {home} from './setup/project.mjs';

const dist = join(home, 'lib', 'dist');

/** Lists files that contain only types: they are never loaded, and would count as not covered. */
function withoutCode() {
  const names = filesBelow(dist, (path, isFolder) => isFolder || path.endsWith('.js'));
  return names.filter((name) => {
    const code = readFileSync(join(dist, name), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
    return /^"use strict";\s*Object\.defineProperty\(exports, "__esModule", .*\);\s*$/.test(code);
  });
}

const typesOnly = withoutCode().map((name) => `lib/${name.replace(/\.js$/, '.ts')}`);
const argv = process.argv.slice(2);
const whole = argv.includes('--whole');
const child = spawn(
  process.execPath,
  [
    join(home, 'node_modules', 'c8', 'bin', 'c8.js'),
    // Those on the command line replace those of the configuration.
    ...[...readJson(join(home, '.c8rc.json')).exclude, ...typesOnly].flatMap((one) => ['--exclude', one]),
    process.execPath,
    join(home, 'tools', 'test.mjs'),
    ...(whole ? [] : ['--quick']),
    ...argv.filter((word) => word !== '--whole'),
  ],
  {cwd: home, stdio: 'inherit'},
);
child.on('exit', (code) => (process.exitCode = code ?? 1));
