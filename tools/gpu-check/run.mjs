/**
 * Runs the checks one after another, each in processes of its own with a limit of time, prints each result at once, and writes all of them.
 * A check that fails or takes too long does not keep the later ones from running.
 */
import {spawn} from 'node:child_process';
import {createWriteStream, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {find} from '../setup/child.mjs';
import {readJson} from '../setup/files.mjs';
import {home, wantedDevice} from '../setup/project.mjs';
import {linkLibraries} from './libraries.mjs';
import {stages} from './stages.mjs';

const {values} = parseArgs({
  options: {
    small: {type: 'boolean', default: false},
    limit: {type: 'string', default: '480'},
    only: {type: 'string'},
  },
});
const started = performance.now();
const seconds = () => (performance.now() - started) / 1000;
const out = process.env.OUT ?? join(home, '.build', 'gpu-check');
mkdirSync(out, {recursive: true});
const log = createWriteStream(join(out, 'gpu-check.log'));
const python = process.env.CAPTIONER_BENCH_PYTHON || find('python3', process.env);

const env = {
  ...process.env,
  HOME: join(home, '.build', 'home'),
  CAPTIONER_HOME: home,
  CAPTIONER_OUTPUT: join(home, '.build', 'output'),
  CAPTIONER_BENCH_PYTHON: python,
  PYTHONPATH: join(home, 'peers'),
  TF_CPP_MIN_LOG_LEVEL: '1',
};
for (const folder of [env.HOME, env.CAPTIONER_OUTPUT]) mkdirSync(folder, {recursive: true});

/**
 * Runs a program and keeps its output in the log.
 *
 * @returns {Promise<{code: number | string, output: string}>} Code `late` where it took longer than `limit` seconds.
 */
function execute(program, args, {limit, more = {}}) {
  log.write(`\n$ ${[program, ...args].join(' ')} ${JSON.stringify(more)}\n`);
  const child = spawn(program, args, {
    cwd: home,
    env: {...env, ...more},
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-1_000_000);
      log.write(text);
    });
  return new Promise((done) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      kill(child.pid);
    }, limit * 1000);
    child.on('error', (error) => done({code: error.message, output}));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      kill(child.pid); // what it left behind
      done({code: late ? 'late' : (signal ?? code), output});
    });
  });
}

function kill(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** The last line of JSON that a program of ours printed. */
function lastJson(output) {
  for (const line of output.trim().split('\n').reverse()) {
    if (!line.startsWith('{') && !line.startsWith('[')) continue;
    try {
      return JSON.parse(line);
    } catch {
      // Not ours.
    }
  }
  return undefined;
}

const bundle = readJson(join(home, 'bundle.json'));
if (bundle === undefined)
  throw new Error(`Expected a bundle in ${home}, found none; tools/gpu-check.sh run unpacks it`);
const gpu = wantedDevice(process.env) === 'gpu';
const context = {home, out, env, python, bundle, gpu, small: values.small, execute, lastJson};
const results = [];

function report(result) {
  results.push(result);
  const time = `${result.seconds.toFixed(0)} s`.padStart(6);
  console.log(`${result.verdict.padEnd(8)} ${result.stage.padEnd(32)} ${time}  ${result.detail}`);
  writeFileSync(
    join(out, 'results.json'),
    `${JSON.stringify({bundle, gpu, small: values.small, seconds: seconds(), results}, undefined, 2)}\n`,
  );
}

/** Whether TensorFlow finds the GPU: without environment variables, as it should, or else with LD_LIBRARY_PATH. */
async function findGpu() {
  const script =
    "console.log(JSON.stringify({device: require('captioner/dist/tensorflow/tensorflow').device()}))";
  const probe = async () =>
    lastJson((await execute(process.execPath, ['-e', script], {limit: 60})).output)?.device;
  if ((await probe()) === 'gpu') return true;
  const site = join(home, '.venv', 'lib', 'python3.12', 'site-packages');
  const before = env.LD_LIBRARY_PATH;
  env.LD_LIBRARY_PATH = [join(site, 'nvidia', 'cusolver', 'lib'), before].filter(Boolean).join(':');
  const found = (await probe()) === 'gpu';
  console.log(`TensorFlow finds no GPU by itself; with LD_LIBRARY_PATH it does${found ? '' : ' not either'}`);
  if (!found) env.LD_LIBRARY_PATH = before ?? '';
  return found;
}

console.log(
  `Node ${process.version}, bundle for ${bundle.device}, ${gpu ? 'an NVIDIA driver is here' : 'no NVIDIA driver'}`,
);
console.log(await linkLibraries(context).catch(({message}) => `CUDA: ${message}`));
const onCpu = gpu && bundle.device === 'gpu' && !(await findGpu());
const wanted = values.only?.split(',');
for (const stage of stages(context)) {
  if (wanted && !wanted.some((name) => stage.name.startsWith(name))) continue;
  const start = performance.now();
  const left = Number(values.limit) - seconds();
  let result;
  if (left < 5) result = {verdict: 'skipped', detail: 'no time left'};
  else if (onCpu && !['libraries', 'device'].includes(stage.name))
    result = {verdict: 'skipped', detail: 'TensorFlow computes on the CPU'};
  else {
    try {
      result = await stage.run({...context, limit: Math.min(stage.limit, left)});
    } catch (error) {
      result = {verdict: 'failed', detail: error.message.trim().split('\n').slice(-1)[0].slice(0, 300)};
    }
  }
  report({stage: stage.name, seconds: (performance.now() - start) / 1000, ...result});
}
const failed = results.filter(({verdict}) => verdict === 'failed');
const table = results.map(
  ({verdict, stage, seconds: took, detail}) => `| ${stage} | ${verdict} | ${took.toFixed(0)} s | ${detail} |`,
);
writeFileSync(
  join(out, 'summary.md'),
  ['| check | result | time | |', '| --- | --- | --- | --- |', ...table, ''].join('\n'),
);
console.log(
  `${results.length - failed.length} of ${results.length} without failure in ${seconds().toFixed(0)} s; results in ${out}`,
);
log.end(() => process.exit(failed.length > 0 ? 1 : 0));
