/**
 * Step: compiles tfjs-node's binding from the source in its npm package and links it with the TensorFlow of the Python environment.
 * Uses the machine's C++ compiler, or one from PyPI.
 */
import {existsSync, mkdirSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {attempt, find} from './child.mjs';
import {explain, SetupError} from './failure.mjs';
import {readJson, sum, sumOfFile, writeJson} from './files.mjs';
import {environment} from './python.mjs';
import {installed, isTensorFlow, lockedPackages} from './requirements.mjs';

/** Version of the compiler from PyPI. */
export const ziglang = '0.17.1';
/** Included before the binding's source. */
const headers = ['lists.h', 'signals.h', 'cluster.h', 'functions.h'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);

export function bindingStep(project) {
  const folder = join(project.home, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
  const nodeHeaders = join(project.home, 'node_modules', 'node-api-headers');
  const binding = join(folder, 'lib', 'napi-v8', 'tfjs_binding.node');
  const stamp = join(dirname(binding), 'captioner.json');

  return {
    name: 'TensorFlow binding',
    binding,

    done() {
      const known = readJson(stamp);
      return known !== undefined && known.key === key() && known.sum === sumOfFile(binding);
    },

    async run() {
      const current = key();
      const temporary = join(dirname(binding), 'unfinished.node');
      mkdirSync(dirname(binding), {recursive: true});
      try {
        await compile(project, [...argumentsFor(project, folder, nodeHeaders), '-o', temporary]);
        await tryOut(project, temporary);
        const made = sumOfFile(temporary);
        renameSync(temporary, binding);
        writeJson(stamp, {key: current, sum: made});
      } finally {
        rmSync(temporary, {force: true});
      }
    },
  };

  /** Changes with everything that the binding depends on. */
  function key() {
    const {site} = environment(project);
    const tensorflow = [...installed(site)].filter(([name]) => isTensorFlow(name)).join();
    const versions = [folder, nodeHeaders].map((one) => readJson(join(one, 'package.json'))?.version);
    const added = headers.map(sumOfFile);
    return sum(JSON.stringify([site, tensorflow, versions, process.platform, process.arch, added]));
  }
}

/** @param {(folder: string) => string} runPath Where the binding looks for the libraries of a folder. */
export function argumentsFor(project, folder, nodeHeaders, runPath = (path) => path) {
  const {include_dir: nodeApi} = createRequire(import.meta.url)(nodeHeaders);
  const {site} = environment(project);
  const tensorflow = join(site, 'tensorflow');
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(folder, 'binding', name));
  const libraries =
    process.platform === 'darwin'
      ? [
          '-undefined',
          'dynamic_lookup',
          ...['cc', 'framework'].map((one) => join(tensorflow, `libtensorflow_${one}.2.dylib`)),
        ]
      : ['-L', tensorflow, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'];
  return [
    ...['-O2', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8'],
    ...['-I', nodeApi, '-I', join(tensorflow, 'include')],
    ...headers.flatMap((header) => ['-include', header]),
    ...sources,
    ...libraries,
    `-Wl,-rpath,${runPath(tensorflow)}`,
    ...cusolver(site, runPath),
  ];
}

/**
 * Links cuSOLVER. TensorFlow looks for CUDA's libraries where pip installs them, but 2.21 misses one folder and then uses no GPU.
 * Libraries that the binding links are loaded first, so TensorFlow finds this one.
 */
function cusolver(site, runPath) {
  const folder = join(site, 'nvidia', 'cusolver', 'lib');
  const library =
    existsSync(folder) && readdirSync(folder).find((name) => /^libcusolver\.so\.\d+$/.test(name));
  return library
    ? ['-L', folder, '-Wl,--no-as-needed', `-l:${library}`, `-Wl,-rpath,${runPath(folder)}`]
    : [];
}

export async function compile(project, args) {
  const {CXX: named} = project.env;
  for (const compiler of named ? named.split(' ').slice(0, 1) : ['g++', 'c++', 'clang++']) {
    if (find(compiler, project.env) === undefined) {
      if (named) throw new SetupError(`CXX is ${named}, which was not found.`, 'Correct CXX, or unset it.');
      continue;
    }
    project.say(`Compiling with ${compiler}`);
    const command = named ? named.split(' ') : [compiler];
    const {code, output} = await attempt(project, [...command, ...args]);
    if (code === 0) return;
    const failure = explain(compiler, output, project.log);
    // If a compiler is too old or lacks its headers, try the next one; a full disk is final.
    if (named || /disk is full/.test(failure.message)) throw failure;
  }
  await compileWithZig(project, args);
}

async function compileWithZig(project, args) {
  const {python} = environment(project);
  const folder = join(project.home, '.build', `ziglang-${ziglang}`);
  if (!existsSync(folder)) {
    project.say(`No working C++ compiler found; installing one with pip install ziglang==${ziglang}`);
    const temporary = `${folder}.tmp`;
    rmSync(temporary, {recursive: true, force: true});
    try {
      const command = [
        python,
        '-I',
        '-m',
        'pip',
        'install',
        '--target',
        temporary,
        ...lockedPackages('compiler'),
      ];
      const {code, output} = await attempt(project, command);
      if (code !== 0) throw withoutCompiler(explain('pip install ziglang', output, project.log));
      renameSync(temporary, folder);
    } finally {
      rmSync(temporary, {recursive: true, force: true});
    }
  }
  project.say('Compiling with zig (two minutes the first time)');
  const cache = join(project.home, '.build', 'zig-cache');
  const env = {...project.env, PYTHONPATH: folder, ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache};
  const {code, output} = await attempt(project, [python, '-m', 'ziglang', 'c++', ...args], {env});
  if (code !== 0) throw withoutCompiler(explain('The ziglang compiler', output, project.log));
}

function withoutCompiler(cause) {
  return new SetupError(
    `No C++ compiler was found (g++, c++, clang++, CXX), and the one from PyPI can't be used: ${cause.message}`,
    'Install a compiler (Debian, Ubuntu: apt-get install g++; macOS: xcode-select --install; conda: conda install cxx-compiler) and run the ' +
      `command again. Alternatively: ${cause.advice}`,
    {cause},
  );
}

/** Loads a new binding before it replaces the previous one. */
async function tryOut(project, binding) {
  const script = `process.dlopen({exports: {}}, ${JSON.stringify(binding)})`;
  const env = {...project.env, TF_CPP_MIN_LOG_LEVEL: '2'};
  const {code, output} = await attempt(project, [process.execPath, '-e', script], {env});
  if (code === 0) return;
  const reason =
    output.split(/\r?\n/).find((line) => line.startsWith('Error: ')) ?? output.trim().split('\n').at(-1);
  throw new SetupError(
    `The TensorFlow binding was compiled but does not load: ${reason}`,
    `Remove .venv and run the command again; the full output is in ${project.log}.`,
  );
}
