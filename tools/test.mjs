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
import {lanes, slowTests} from './slow-tests.mjs';

const compiled = join(home, '.build', 'test');
const quick = process.argv.includes('--quick');
const leftOut = [];
const nothingRan = {passes: 0, failures: 1, pending: 0};

/** More files than this don't fail together by chance. */
const mostSecondTries = 8;

/** Without these variables, tests that need photographs or weights from outside the project are skipped. */
const noMaterial = {FLICKR8K: undefined, MOBILENET_V2_TFLITE: undefined};

/**
 * Runs a Node script and waits until it exits, or until `ended` resolves.
 *
 * @param options.results File for mocha's results.
 * @param options.later Whether the output is printed when the script has exited.
 */
async function node(args, {ended, results, later = false} = {}) {
  const child = spawn(process.execPath, args, {
    cwd: home,
    // GPUs multiply with 11 bits of mantissa (TF32) by default; the reference values have 24.
    env: {
      NVIDIA_TF32_OVERRIDE: '0',
      ...process.env,
      ...(quick && noMaterial),
      CAPTIONER_TEST_RESULTS: results,
    },
    stdio: later ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => output.push(data));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
  const exit = new Promise((done) => child.on('exit', (code, signal) => done(signal ? 1 : (code ?? 1))));
  const code = await (ended === undefined ? exit : Promise.race([exit, ended(child, results)]));
  if (later) process.stdout.write(Buffer.concat(output));
  return code;
}

/** Ends mocha if a test left something running, which would keep mocha from exiting. */
async function notLongAfterResults(child, results) {
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

/** Returns all compiled tests, relative to `compiled`. */
function allFiles() {
  return filesBelow(compiled, (path, isFolder) => isFolder || path.endsWith('.test.js'));
}

/** Whether a file is a test, or lies in a folder, of that name. */
function isNamed(file, name) {
  return file === `${name}.test.js` || file.startsWith(`${name}/`);
}

function quickFiles() {
  const names = allFiles();
  const slowName = (name) => Object.keys(slowTests).find((slow) => isNamed(name, slow));
  leftOut.push(...new Set(names.map(slowName).filter((slow) => slow !== undefined)));
  return names.filter((name) => slowName(name) === undefined).map((name) => join(compiled, name));
}

let runs = 0;

/** Runs mocha, and returns its JSON results, with a failure more if it failed without saying where. */
async function mocha(args, {later} = {}) {
  const results = join(home, '.build', `test-results-${process.pid}-${++runs}.json`);
  rmSync(results, {force: true});
  const program = join(home, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const reporter = join(home, 'tools', 'reporter.mjs');
  const code = await node([program, '--reporter', reporter, ...args], {
    ended: notLongAfterResults,
    results,
    later,
  });
  const {stats, passes = [], failures = []} = readJson(results) ?? {};
  rmSync(results, {force: true});
  if (stats === undefined) console.error('mocha ended without results.');
  const counts = stats ?? nothingRan;
  if (code === 0 || counts.failures > 0) return {counts, passes, failures};
  return {counts: {...counts, failures: 1}, passes, failures};
}

/** Runs files, instead of those that mocha's configuration names. */
function mochaFiles(files, options) {
  if (files.length === 0) return {counts: {passes: 0, failures: 0, pending: 0}, passes: [], failures: []};
  const {timeout, slow} = readJson(join(home, '.mocharc.json'));
  return mocha(['--no-config', '--timeout', `${timeout}`, '--slow', `${slow}`, ...files], options);
}

/**
 * Runs all tests: those of `lanes.first` beside most others, whose output follows, since the first wait for browsers and kernels half of
 * their time; then those that need the machine for themselves.
 */
async function allTests() {
  const of = (names) => (file) => names.some((name) => isNamed(file, name));
  const files = allFiles();
  if (files.length === 0) return mocha([]); // says so
  const alone = files.filter(of(lanes.alone));
  const first = files.filter((file) => of(lanes.first)(file) && !alone.includes(file));
  const others = files.filter((file) => !first.includes(file) && !alone.includes(file));
  const paths = (names) => names.map((name) => join(compiled, name));
  const beside = await Promise.all([mochaFiles(paths(first)), mochaFiles(paths(others), {later: true})]);
  return summed([...beside, await mochaFiles(paths(alone))]);
}

/** Returns the results of several runs as those of one. */
function summed(all) {
  const sum = (name) => all.reduce((total, {counts}) => total + counts[name], 0);
  return {
    counts: {passes: sum('passes'), failures: sum('failures'), pending: sum('pending')},
    passes: all.flatMap(({passes}) => passes),
    failures: all.flatMap(({failures}) => failures),
  };
}

/** Runs files with failures once more, if they are few, and returns the counts that hold then. */
async function secondTry({counts, passes, failures}) {
  const files = [...new Set(failures.map(({file}) => file))];
  if (files.length === 0 || files.length > mostSecondTries || files.includes(undefined)) return counts;
  console.log(`\nOnce more, by themselves: ${files.map((file) => relative(compiled, file)).join(', ')}`);
  const again = await mochaFiles(files);
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
  const first = await (words.length === 0 ? allTests() : mocha(mochaArguments(words)));
  counts = words.every((word) => word === '--quick') ? await secondTry(first) : first.counts;
}
if (leftOut.length > 0) {
  console.log('Left out, because they are slow (`npm test` runs them):');
  for (const name of leftOut) console.log(`  test/${name}: ${slowTests[name]}`);
  console.log('Tests that need photographs or weights from outside the project are skipped too.');
}
process.exitCode = counts.failures > 0 ? 1 : 0;
console.log(`${counts.passes} passed, ${counts.failures} failed, ${counts.pending} skipped`);
