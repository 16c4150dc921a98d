/**
 * Compiles library and tests, generates the interfaces and the documentation of options, and runs the tests. Passes the arguments after
 * `npm test --` to mocha; a test's source file stands for the compiled one, a folder such as `test/faults` for all of its tests, and then
 * only those run. With `--quick`, slow files and tests on photographs are left out and listed. When few files of a whole run had failures,
 * these files run once more, by themselves: what passes then is named, and counts as passed, since real browsers, kernels and processes now
 * and then meet a machine that is too busy. The last line printed counts the results.
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
const nothingRan = {passes: 0, failures: 1, pending: 0};

/** More files than this don't fail together by chance. */
const mostSecondTries = 3;

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

/** Runs mocha, and returns its JSON results, with a failure more if it failed without saying where. */
async function mocha(args) {
  rmSync(results, {force: true});
  const program = join(home, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const reporter = join(home, 'tools', 'reporter.mjs');
  const code = await node([program, '--reporter', reporter, ...args], notLongAfterResults);
  const {stats, passes = [], failures = []} = readJson(results) ?? {};
  rmSync(results, {force: true});
  if (stats === undefined) console.error('mocha ended without results.');
  const counts = stats ?? nothingRan;
  if (code === 0 || counts.failures > 0) return {counts, passes, failures};
  return {counts: {...counts, failures: 1}, passes, failures};
}

/** Runs files with failures once more, if they are few, and returns the counts that hold then. */
async function secondTry({counts, passes, failures}) {
  const files = [...new Set(failures.map(({file}) => file))];
  if (files.length === 0 || files.length > mostSecondTries || files.includes(undefined)) return counts;
  console.log(`\nOnce more, by themselves: ${files.map((file) => relative(compiled, file)).join(', ')}`);
  const {timeout, slow} = readJson(join(home, '.mocharc.json'));
  const again = await mocha(['--no-config', '--timeout', `${timeout}`, '--slow', `${slow}`, ...files]);
  const still = new Set(again.failures.map(({fullTitle}) => fullTitle));
  for (const {fullTitle} of failures)
    if (!still.has(fullTitle)) console.log(`Passed only when run once more: ${fullTitle}`);
  const elsewhere = passes.filter(({file}) => !files.includes(file)).length;
  return {...counts, passes: elsewhere + again.counts.passes, failures: again.counts.failures};
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
let counts = nothingRan;
if (built !== 0) {
  console.error('The tests were not run: the library or the tests do not compile.');
} else {
  const words = process.argv.slice(2);
  const first = await mocha(mochaArguments(words));
  counts = words.every((word) => word === '--quick') ? await secondTry(first) : first.counts;
}
if (leftOut.length > 0) {
  console.log('Left out, because they are slow (`npm test` runs them):');
  for (const name of leftOut) console.log(`  test/${name}: ${slowTests[name]}`);
  console.log('Tests that need photographs or weights from outside the project are skipped too.');
}
process.exitCode = counts.failures > 0 ? 1 : 0;
console.log(`${counts.passes} passed, ${counts.failures} failed, ${counts.pending} skipped`);
