/**
 * Checks each component that the library depends on and says whether it works and, if not, what to do. TensorFlow is loaded in a
 * separate process, so that a binding that fails to load, or crashes, can be reported.
 */
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, promises as fs, readFileSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {promisify} from 'node:util';
import {describeLibraries, openLibraries} from './tensorflow/cuda-libraries';
import {readFileCheckedAsync} from './files/regular-file';
import {parseSafetensors} from './files/safetensors';
import {encoderFolder, projectFolder, pythonFolder} from './paths';

export const parts = [
  'Node',
  'Python',
  'TensorFlow',
  'CUDA libraries',
  'device',
  'binding',
  'compiled functions',
  'encoder weights',
  'kernel',
  'Jupyter',
  'METEOR',
  'sweeps',
] as const;
export type Part = (typeof parts)[number];

export interface Finding {
  readonly part: Part;
  readonly verdict: 'ok' | 'wrong';
  /** The version or location found, or the problem. */
  readonly detail: string;
  /** Advice to the user; present only if the verdict is `wrong`. */
  readonly advice?: string;
}

type Verdict = Omit<Finding, 'part'>;

const setUp = 'run `npm start` or `npm test` to set up what is missing';
const ok = (detail: string): Verdict => ({verdict: 'ok', detail});
const wrong = (detail: string, advice: string = setUp): Verdict => ({verdict: 'wrong', detail, advice});

/** Checks the installation. Problems are reported, never thrown. @returns One finding for each of `parts`, in their order. */
export async function doctor(): Promise<Finding[]> {
  const root = pythonFolder();
  const [python, native, weights, kernel] = await Promise.all([
    queryPython(root),
    queryNative(),
    checkWeights(),
    checkKernel(root),
  ]);
  const libraries = await checkLibraries(root, python);
  const verdicts: Record<Part, Verdict> = {
    'Node': checkNode(process.versions.node),
    'Python': checkPython(root, python),
    'TensorFlow': checkTensorFlow(python),
    'CUDA libraries': libraries,
    'device': checkDevice(native),
    'binding': native.failure === undefined ? ok(native.detail) : wrong(native.failure),
    'compiled functions': checkFunctions(native),
    'encoder weights': weights,
    'kernel': kernel,
    'Jupyter': checkPackages(python, ['jupyterlab', 'papermill', 'nbconvert']),
    'METEOR': checkPackages(python, ['pycocoevalcap']),
    'sweeps': checkPackages(python, ['optuna', 'psycopg2-binary']),
  };
  return parts.map((part) => ({part, ...verdicts[part]}));
}

function checkNode(version: string): Verdict {
  const [major, minor] = version.split('.').map(Number) as [number, number];
  const recent = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 23;
  return recent && major < 27
    ? ok(`${version}, ${process.execPath}`)
    : wrong(`expected 20.19 or later, 22.12 or later, or 23 to 26; got ${version}`, 'install Node 24');
}

interface Python {
  readonly version: string;
  readonly packages: Readonly<Record<string, string>>;
}

async function queryPython(root: string | undefined): Promise<Python | string> {
  if (root === undefined) return `expected Python in ${join(projectFolder(), '.venv')}, found none`;
  const script =
    'import json, sys, importlib.metadata as m; ' +
    'print(json.dumps({"version": sys.version.split()[0], "packages": {str(d.name).lower().replace("_", "-"): d.version for d in m.distributions()}}))';
  const {output, failure} = await execute(join(root, 'bin', 'python'), ['-I', '-c', script]);
  return failure ?? (JSON.parse(output) as Python);
}

function checkPython(root: string | undefined, python: Python | string): Verdict {
  if (typeof python === 'string') return wrong(python);
  const minor = /^3\.(\d+)/.exec(python.version)?.[1];
  return minor !== undefined && Number(minor) >= 10 && Number(minor) <= 13
    ? ok(`${python.version}, ${root}`)
    : wrong(
        `expected 3.10 to 3.13, got ${python.version} in ${root}`,
        'install Python 3.13, remove .venv, and ' + setUp,
      );
}

/** The version of a package that environment.yml pins. */
function wantedVersion(name: string): string | undefined {
  try {
    const list = readFileSync(join(projectFolder(), 'environment.yml'), 'utf8');
    return new RegExp(`^\\s*- ${name}==([^\\s;]+)`, 'm').exec(list)?.[1];
  } catch {
    return undefined;
  }
}

function checkPackage(name: string, got: string | undefined, wanted: string | undefined): string | undefined {
  if (got === undefined) return `${name} is not installed`;
  return wanted === undefined || got === wanted ? undefined : `expected ${name} ${wanted}, got ${got}`;
}

function checkTensorFlow(python: Python | string): Verdict {
  if (typeof python === 'string') return wrong(noPython);
  const names = ['tensorflow', 'tensorflow-cpu'].filter((name) => python.packages[name] !== undefined);
  if (names.length > 1)
    return wrong(`${names.join(' and ')} are both installed`, `remove .venv and ${setUp}`);
  const name = names[0] ?? 'tensorflow';
  const got = python.packages[name];
  const problem = checkPackage(name, got, wantedVersion('tensorflow'));
  return problem === undefined ? ok(`${name} ${got}`) : wrong(problem);
}

const noPython = 'there is no Python environment';

/** Opens CUDA's libraries by name; a build for the CPU needs none. */
async function checkLibraries(root: string | undefined, python: Python | string): Promise<Verdict> {
  if (root === undefined || typeof python === 'string') return wrong(noPython);
  const withCuda =
    process.platform === 'linux' &&
    python.packages['tensorflow'] !== undefined &&
    (process.arch === 'x64' || python.packages['nvidia-cuda-runtime-cu12'] !== undefined);
  if (!withCuda) return ok('none needed: this TensorFlow computes on the CPU');
  const {output, failure} = await execute(join(root, 'bin', 'python'), openLibraries(root));
  if (failure !== undefined) return wrong(failure);
  const {detail, missing} = describeLibraries(root, output);
  return missing ? wrong(detail, `remove .venv and ${setUp}`) : ok(detail);
}

function checkPackages(python: Python | string, names: readonly string[]): Verdict {
  if (typeof python === 'string') return wrong(noPython);
  const problem = names
    .map((name) => checkPackage(name, python.packages[name], wantedVersion(name)))
    .find((problem) => problem !== undefined);
  return problem === undefined
    ? ok(names.map((name) => `${name} ${python.packages[name]}`).join(', '))
    : wrong(problem);
}

interface Native {
  readonly failure?: string;
  readonly detail: string;
  readonly device?: 'cpu' | 'gpu';
  /** The result of 1 + 2 in a compiled function, or why there is none. */
  readonly compiled?: number | string;
}

/** Adds two numbers with TensorFlow, op by op and in a compiled function, in a separate process. */
async function queryNative(): Promise<Native> {
  const script = `try {
      const {tf, device} = require(${JSON.stringify(join(__dirname, 'tensorflow', 'tensorflow'))});
      const sum = tf.add(1, 2).dataSync()[0];
      const {compiled, compiles} = require(${JSON.stringify(join(__dirname, 'tensorflow', 'compiled'))});
      let found = 'the binding lacks what set-up adds to it';
      try {
        if (compiles()) found = compiled((a, b) => tf.add(a, b))(tf.scalar(1), tf.scalar(2)).dataSync()[0];
      } catch (error) {
        found = error.message.split('\\n')[0];
      }
      console.log('\\n' + JSON.stringify({sum, compiled: found, device: device(), tensorflow: tf.backend().binding.TF_Version}));
    } catch (error) {
      console.error((error.cause ?? error).message.trim().split('\\n')[0]);
      process.exitCode = 1;
    }`;
  const {output, failure} = await execute(process.execPath, ['-e', script]);
  if (failure !== undefined) return {failure, detail: ''};
  const answer = JSON.parse(output.trim().split('\n').at(-1)!) as {
    sum: number;
    compiled: number | string;
    device: 'cpu' | 'gpu';
    tensorflow: string;
  };
  if (answer.sum !== 3) return {failure: `expected 1 + 2 to be 3, got ${answer.sum}`, detail: ''};
  const {compiled, device} = answer;
  return {detail: `loads TensorFlow ${answer.tensorflow} and computes`, device, compiled};
}

function checkFunctions({compiled}: Native): Verdict {
  if (compiled === undefined) return wrong('unknown, because the binding does not load');
  if (process.env['CAPTIONER_EAGER'] === '1')
    return ok('turned off by CAPTIONER_EAGER=1; training and search run op by op');
  return compiled === 3
    ? ok('training and search run as TensorFlow functions')
    : wrong(
        `expected 1 + 2 to be 3, got ${compiled}; training and search run op by op, several times slower`,
      );
}

function checkDevice({device}: Native): Verdict {
  if (device === undefined) return wrong('unknown, because the binding does not load');
  const wanted = process.env['CAPTIONER_DEVICE'];
  if (device === 'cpu' && wanted !== 'cpu' && existsSync('/proc/driver/nvidia/version'))
    return wrong(
      'there is an NVIDIA driver, but TensorFlow computes on the CPU',
      `${setUp}; check the output of nvidia-smi`,
    );
  if (device === 'cpu' && wanted === 'gpu')
    return wrong(
      'CAPTIONER_DEVICE asks for a GPU, but TensorFlow found none',
      'check the output of nvidia-smi',
    );
  return ok(device === 'gpu' ? 'GPU' : 'CPU');
}

async function checkWeights(): Promise<Verdict> {
  const name = 'efficientnet-lite2';
  const file = join(encoderFolder(), `${name}.safetensors`);
  try {
    const bytes = await readFileCheckedAsync(file, {code: 'weights'});
    const {tensors} = parseSafetensors(bytes, file);
    const sum = createHash('sha256').update(bytes).digest('hex');
    const record = join(encoderFolder(), `.${name}.json`);
    const known = existsSync(record)
      ? (JSON.parse(await fs.readFile(record, 'utf8')) as {sum?: string}).sum
      : undefined;
    if (known !== undefined && known !== sum) return wrong(`${file} has changed since it was written`);
    return ok(`${name}, ${tensors.size} tensors`);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return wrong(missing ? `expected ${file}, found none` : (error as Error).message);
  }
}

/** Checks that Jupyter finds the kernel and that the kernel's command runs. */
async function checkKernel(root: string | undefined): Promise<Verdict> {
  if (root === undefined) return wrong(noPython);
  const list = await execute(join(root, 'bin', 'python'), [
    '-I',
    '-m',
    'jupyter_client.kernelspecapp',
    'list',
    '--json',
  ]);
  if (list.failure !== undefined) return wrong(`Jupyter cannot list its kernels: ${list.failure}`);
  const {kernelspecs} = JSON.parse(list.output) as {
    kernelspecs: Record<string, {resource_dir: string; spec: {argv: string[]}}>;
  };
  const found = kernelspecs['tslab'];
  if (found === undefined) return wrong('Jupyter has no kernel named tslab');
  const [node, tslab] = found.spec.argv.filter((word) => !word.startsWith('-'));
  if (node === undefined || tslab === undefined || !isAbsolute(node) || !isAbsolute(tslab))
    return wrong(
      `${found.resource_dir}: expected a command with absolute paths, got ${found.spec.argv.join(' ')}`,
    );
  const {output, failure} = await execute(node, [tslab, '--version']);
  return failure === undefined
    ? ok(`${output.trim()}, ${found.resource_dir}`)
    : wrong(`${tslab} does not start: ${failure}`);
}

/** Runs a program. A failure is returned as one line. */
async function execute(
  program: string,
  args: readonly string[],
): Promise<{output: string; failure?: string}> {
  try {
    const {stdout} = await promisify(execFile)(program, args, {timeout: 60_000, maxBuffer: 1 << 24});
    return {output: stdout};
  } catch (error) {
    const {stderr, message, signal} = error as {stderr?: string; message: string; signal?: string | null};
    const lines = (stderr ?? '').split(/\r?\n/).filter((line) => line.trim() !== '');
    const summary = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? message;
    return {output: '', failure: signal ? `killed by ${signal}` : summary};
  }
}
