/**
 * Runs the tests and measures which part of lib they use, also in the processes that they start: the quick tests, or with `--whole` all;
 * other arguments go to the tests. A summary is printed at the end, `.build/coverage/index.html` shows the lines.
 */
import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {filesBelow} from './setup/files.mjs';
import {home} from './setup/project.mjs';

const dist = join(home, 'lib', 'dist');

/** A file of types alone is never loaded, and would count as never used. */
function withoutCode() {
  const names = filesBelow(dist, (path, isFolder) => isFolder || path.endsWith('.js'));
  return names.filter((name) => {
    const code = readFileSync(join(dist, name), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
    return /^"use strict";\s*Object\.defineProperty\(exports, "__esModule", .*\);\s*$/.test(code);
  });
}

const argv = process.argv.slice(2);
const whole = argv.includes('--whole');
const child = spawn(
  process.execPath,
  [
    join(home, 'node_modules', 'c8', 'bin', 'c8.js'),
    ...withoutCode().flatMap((name) => ['--exclude', `lib/${name.replace(/\.js$/, '.ts')}`]),
    process.execPath,
    join(home, 'tools', 'test.mjs'),
    ...(whole ? [] : ['--quick']),
    ...argv.filter((word) => word !== '--whole'),
  ],
  {cwd: home, stdio: 'inherit'},
);
child.on('exit', (code) => (process.exitCode = code ?? 1));
