/**
 * Packs everything that the checks need and that git doesn't hold, in compressed pieces: Node, TensorFlow with the compiled binding, the compiled
 * library and tests with their packages, and encoder weights.
 */
import {cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync} from 'node:fs';
import {spawnSync} from 'node:child_process';
import {dirname, join, relative, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {argumentsFor, compile} from '../setup/binding.mjs';
import {writeJson} from '../setup/files.mjs';
import {home, openProject} from '../setup/project.mjs';
import {environment} from '../setup/python.mjs';
import {requirements} from '../setup/requirements.mjs';
import {copyPackages} from './packages.mjs';
import {slim} from './slim.mjs';

/** Where the bundle keeps Python packages; the other machine's Python may be another version, for which it adds a link. */
export const siteFolder = join('.venv', 'lib', 'python3.12', 'site-packages');
const platforms = ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];

const {values, positionals} = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    'device': {type: 'string', default: 'gpu'},
    'architecture': {type: 'string', default: '90'},
    'piece-bytes': {type: 'string', default: '41000000'},
  },
});
if (positionals.length !== 1)
  throw new Error('Expected the folder for the bundle: tools/gpu-check.sh pack DIR');
const target = resolve(positionals[0]);
const staged = join(target, 'staged');
const wheels = join(target, 'wheels');
const gpu = values.device === 'gpu';
const installed = environment(openProject());
const site = join(staged, siteFolder);
const tensorflowVersion = requirements({home, device: 'gpu'})[0].version;

rmSync(staged, {recursive: true, force: true});
for (const name of readdirSync(mkdirp(target)))
  if (/^(piece|part)-/.test(name)) rmSync(join(target, name), {recursive: true});
console.log(
  `Packing for ${gpu ? `a GPU of compute capability ${Number(values.architecture) / 10}` : 'the CPU'}`,
);
addTensorFlow();
await addBinding();
addProject();
slim(process.execPath, join(mkdirp(join(staged, 'bin')), 'node'), 0);
addPeer();
writeJson(join(staged, 'bundle.json'), {
  device: values.device,
  architecture: Number(values.architecture),
  tensorflow: tensorflowVersion,
});
console.log('Compressing (minutes)');
run('python3', [tool('pieces.py'), 'pack', staged, target, values['piece-bytes']]);
rmSync(staged, {recursive: true});
report();

/** TensorFlow's two libraries, the headers that the binding is compiled with, and, for a GPU, CUDA's runtime. */
function addTensorFlow() {
  const folder = join(mkdirp(site), 'tensorflow');
  mkdirp(folder);
  let source = join(installed.site, 'tensorflow');
  if (gpu) {
    const extracted = join(target, 'tensorflow');
    if (!existsSync(join(extracted, 'tensorflow', 'include')))
      unzip(wheel(`tensorflow==${tensorflowVersion}`), extracted, [
        'tensorflow/libtensorflow_*',
        'tensorflow/include/*',
        '*.dist-info/METADATA',
      ]);
    source = join(extracted, 'tensorflow');
    unzip(wheel('nvidia-cuda-runtime-cu12<13'), site, ['nvidia/*.so*', '*.dist-info/METADATA']);
    copyInfo(extracted);
  } else {
    copyInfo(installed.site);
  }
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    const {kept, removed} = slim(join(source, name), join(folder, name), Number(values.architecture));
    if (kept > 0) console.log(`${name}: kept ${megabytes(kept)} of GPU code, removed ${megabytes(removed)}`);
  }
  symlinkSync(join(source, 'include'), join(folder, 'include'));
}

function copyInfo(from) {
  for (const name of readdirSync(from).filter((one) => /^tensorflow(_cpu)?-.*\.dist-info$/.test(one))) {
    mkdirp(join(site, name));
    cpSync(join(from, name, 'METADATA'), join(site, name, 'METADATA'));
  }
}

/** Compiles the binding as set-up does, but finds TensorFlow's libraries relative to itself. */
async function addBinding() {
  const packages = copyPackages(home, join(staged, 'node_modules'));
  console.log(`Copied ${packages} packages`);
  const folder = join(home, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
  const binding = join(
    staged,
    'node_modules',
    '@tensorflow',
    'tfjs-node-gpu',
    'lib',
    'napi-v8',
    'tfjs_binding.node',
  );
  mkdirp(dirname(binding));
  const project = openProject(staged, {...process.env, CONDA_PREFIX: '', CAPTIONER_DEVICE: 'cpu'});
  const cusolver = join(site, 'nvidia', 'cusolver', 'lib');
  // The binding must ask for cuSOLVER by name; the library itself is the other machine's.
  if (gpu)
    run('g++', [
      '-shared',
      '-Wl,-soname,libcusolver.so.11',
      '-o',
      join(mkdirp(cusolver), 'libcusolver.so.11'),
      '-x',
      'c++',
      '/dev/null',
    ]);
  project.say = console.log;
  const runPath = (path) => `$ORIGIN/${relative(dirname(binding), path)}`;
  await compile(project, [
    ...argumentsFor(project, folder, join(home, 'node_modules', 'node-api-headers'), runPath),
    '-o',
    binding,
  ]);
  rmSync(join(site, 'tensorflow', 'include'));
  rmSync(join(site, 'nvidia', 'cusolver'), {recursive: true, force: true});
  rmSync(join(staged, '.build'), {recursive: true, force: true});
}

function addProject() {
  const compiled = (path) => !/\.(map|d\.ts|tsbuildinfo)$/.test(path);
  const needed = (path) => !path.endsWith(join('fixtures', 'metrics'));
  const copy = (path, filter = needed) => {
    if (!existsSync(join(home, path))) throw new Error(`Expected ${path}, found none; run npm test first`);
    cpSync(join(home, path), join(staged, path), {recursive: true, filter});
  };
  for (const path of ['lib/package.json', 'lib/bin', 'test/fixtures', 'docs']) copy(path);
  for (const path of ['lib/dist', '.build/test']) copy(path, compiled);
  for (const name of ['efficientnet-lite0', 'efficientnet-lite2'])
    for (const file of [`${name}.safetensors`, `.${name}.json`]) copy(`data/encoders/${file}`);
}

/** The network that PyTorch's side of the encoder's benchmarks runs. */
function addPeer() {
  unzip(wheel('efficientnet_lite_pytorch==0.1.0'), join(staged, 'peers'), ['efficientnet_lite_pytorch/*']);
}

/** @returns {string} The path of a wheel, downloaded once. */
function wheel(requirement) {
  const [, name] = /^([\w-]+)/.exec(requirement);
  const pattern = new RegExp(`^${name.replaceAll('-', '_')}-\\d`);
  const find = () => readdirSync(mkdirp(wheels)).find((file) => pattern.test(file));
  if (find() === undefined) {
    console.log(`Downloading ${requirement}`);
    const choice = [
      '--no-deps',
      '--only-binary=:all:',
      '--python-version',
      '3.12',
      ...platforms.flatMap((one) => ['--platform', one]),
    ];
    run(installed.python, [
      '-I',
      '-m',
      'pip',
      'download',
      '--quiet',
      ...choice,
      '--dest',
      wheels,
      requirement,
    ]);
  }
  return join(wheels, find());
}

function unzip(file, folder, patterns) {
  const script = `
import fnmatch, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as file:
    file.extractall(sys.argv[2], [name for name in file.namelist() if any(fnmatch.fnmatch(name, pattern) for pattern in sys.argv[3:])])`;
  run('python3', ['-c', script, file, mkdirp(folder), ...patterns]);
}

function report() {
  const pieces = readdirSync(target).filter((name) => name.startsWith('piece-'));
  pieces.sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  const sizes = pieces.map((name) =>
    readdirSync(join(target, name)).reduce((sum, file) => sum + statSync(join(target, name, file)).size, 0),
  );
  console.log(
    `\n${pieces.length} pieces, ${megabytes(sizes.reduce((sum, size) => sum + size, 0))} in all. On the other machine, in a checkout of this commit:`,
  );
  for (const [at, name] of pieces.entries())
    console.log(`  tools/gpu-check.sh receive ${join(positionals[0], name)}   # ${megabytes(sizes[at])}`);
  console.log('  tools/gpu-check.sh run');
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function mkdirp(folder) {
  mkdirSync(folder, {recursive: true});
  return folder;
}

function tool(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

function run(program, args) {
  const {status, error} = spawnSync(program, args, {stdio: 'inherit'});
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`);
}
