/**
 * Compiles library and tests, generates the interfaces and the documentation of options, and runs the tests. Passes the arguments after
 * `npm test --` to mocha; a test's source file stands for the compiled one, a folder such as `test/faults` for all of its tests, and then
 * only those run. With `--quick`, slow files
 * and tests on photographs are left out and listed. The last line printed counts the results.
 */
import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, rmSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {join, relative, resolve} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {write as writeOptions} from './options.mjs';
import {filesBelow, readJson} from './setup/files.mjs';
import {prune} from './setup/library.mjs';
import {home} from './setup/project.mjs';
import {slowTests} from './slow-tests.mjs';

const results = join(home, '.build', `test-results-${process.pid}.json`);
const compiled = join(home, '.build', 'test');
const quick = process.argv.includes('--quick');
const leftOut = [];

/** Without these variables, tests that need photographs or weights from outside the project are skipped. */
const noMaterial = {FLICKR8K: undefined, MOBILENET_V2_TFLITE: undefined};

/** Runs a Node script and waits until it exits, or until `ended` resolves. */
function node(args, ended) {
  const child = spawn(process.execPath, args, {
    cwd: home,
    // GPUs multiply with 11 bits of mantissa (TF32) by default; the reference values have 24.
    env: {
      NVIDIA_TF32_OVERRIDE: '0',
      ...process.env,
      ...(quick && noMaterial),
      CAPTIONER_TEST_RESULTS: results,
    },
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  const exit = new Promise((done) => child.on('exit', (code, signal) => done(signal ? 1 : (code ?? 1))));
  if (ended === undefined) return exit;
  return Promise.race([exit, ended(child, exit)]);
}

/** Ends mocha if a test left something running, which would keep mocha from exiting. */
async function notLongAfterResults(child) {
  while (!existsSync(results)) await pause(1000, undefined, {ref: false});
  await pause(30_000, undefined, {ref: false});
  console.error('All tests have ended, but one of them left something running; ending it.');
  child.kill('SIGKILL');
  return 1;
}

/** Returns the arguments for mocha, which would add the named files to those of its configuration; here they replace them. */
function mochaArguments(argv) {
  const folders = argv.filter((word) => /^test\/[\w/]+$/.test(word));
  const named = argv.filter((word) => /\.test\.(ts|js)$/.test(word));
  const sources = [...named, ...folders.flatMap(testsBelow)];
  const rest = argv.filter((word) => word !== '--quick' && ![...named, ...folders].includes(word));
  if (sources.length === 0 && !quick) return rest;
  const {timeout, slow} = readJson(join(home, '.mocharc.json'));
  const files = sources.length === 0 ? quickFiles() : sources.map(compiledFile);
  // Slow tests use all cores themselves.
  const parallel = quick ? ['--parallel', '--jobs', `${availableParallelism()}`] : [];
  return ['--no-config', '--timeout', `${timeout}`, '--slow', `${slow}`, ...parallel, ...rest, ...files];
}

function compiledFile(source) {
  const path = resolve(process.env.INIT_CWD ?? process.cwd(), source).replace(/\.ts$/, '.js');
  return path.startsWith(compiled) ? path : join(compiled, relative(join(home, 'test'), path));
}

/** Returns the compiled tests of a folder of test/. */
function testsBelow(folder) {
  return filesBelow(
    join(compiled, relative('test', folder)),
    (path, isFolder) => isFolder || path.endsWith('.test.js'),
  ).map((name) => join(compiled, relative('test', folder), name));
}

function quickFiles() {
  const names = filesBelow(compiled, (path, isFolder) => isFolder || path.endsWith('.test.js'));
  const slowName = (name) =>
    Object.keys(slowTests).find((slow) => name === `${slow}.test.js` || name.startsWith(`${slow}/`));
  leftOut.push(...new Set(names.map(slowName).filter((slow) => slow !== undefined)));
  return names.filter((name) => slowName(name) === undefined).map((name) => join(compiled, name));
}

/** Generates the options' interfaces. Stale ones may be all that keeps the library from compiling; tsc writes its output anyway. */
function generated(built) {
  try {
    return writeOptions().length > 0;
  } catch (error) {
    if (built === 0) throw error;
    return false;
  }
}

mkdirSync(compiled, {recursive: true});
prune(compiled, join(home, 'test'));
const compile = () => node([join(home, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']);
let built = await compile();
if (generated(built)) built = await compile();
let counts = {passes: 0, failures: 1, pending: 0};
if (built !== 0) {
  console.error('The tests were not run: the library or the tests do not compile.');
} else {
  const mocha = join(home, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const reporter = join(home, 'tools', 'reporter.mjs');
  const args = mochaArguments(process.argv.slice(2));
  const code = await node([mocha, '--reporter', reporter, ...args], notLongAfterResults);
  const stats = readJson(results)?.stats;
  if (stats === undefined) console.error('mocha ended without results.');
  else counts = stats;
  if (code !== 0 && counts.failures === 0) counts = {...counts, failures: 1};
  rmSync(results, {force: true});
}
if (leftOut.length > 0) {
  console.log('Left out, because they are slow (`npm test` runs them):');
  for (const name of leftOut) console.log(`  test/${name}: ${slowTests[name]}`);
  console.log('Tests that need photographs or weights from outside the project are skipped too.');
}
process.exitCode = counts.failures > 0 ? 1 : 0;
console.log(`${counts.passes} passed, ${counts.failures} failed, ${counts.pending} skipped`);
