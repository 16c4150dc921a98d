/**
 * Looks at each part that the library stands on and says whether it works and, if not, what to do. It loads TensorFlow in a
 * process of its own, so that it can tell of a binding that does not load, or that ends the process.
 */
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, promises as fs, readFileSync} from 'node:fs';
import {isAbsolute, join} from 'node:path';
import {promisify} from 'node:util';
import {parseSafetensors} from './files/safetensors';
import {encoderFolder, projectFolder} from './paths';

export const parts = [
  'Node',
  'Python',
  'TensorFlow',
  'device',
  'binding',
  'encoder weights',
  'kernel',
  'Jupyter',
  'METEOR',
] as const;
export type Part = (typeof parts)[number];

export interface Finding {
  readonly part: Part;
  readonly verdict: 'ok' | 'wrong';
  /** What was found, or what is the matter. */
  readonly detail: string;
  /** What the user can do; only where something is wrong. */
  readonly advice?: string;
}

type Verdict = Omit<Finding, 'part'>;

const setUp = 'run `npm start` or `npm test`, which set up what is missing';
const ok = (detail: string): Verdict => ({verdict: 'ok', detail});
const wrong = (detail: string, advice: string = setUp): Verdict => ({verdict: 'wrong', detail, advice});

/** @returns One finding for each of `parts`, in their order. It never throws for what it finds. */
export async function doctor(): Promise<Finding[]> {
  const root = environmentFolder();
  const [python, native, weights, kernel] = await Promise.all([
    askPython(root),
    askNative(),
    checkWeights(),
    checkKernel(root),
  ]);
  const verdicts: Record<Part, Verdict> = {
    'Node': checkNode(process.versions.node),
    'Python': checkPython(root, python),
    'TensorFlow': checkTensorFlow(python),
    'device': checkDevice(native),
    'binding': native.failure === undefined ? ok(native.detail) : wrong(native.failure),
    'encoder weights': weights,
    'kernel': kernel,
    'Jupyter': checkPackages(python, ['jupyterlab', 'papermill', 'nbconvert']),
    'METEOR': checkPackages(python, ['pycocoevalcap']),
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

/** The project's own environment, else the conda environment that is active. */
function environmentFolder(): string | undefined {
  const folders = [join(projectFolder(), '.venv'), process.env['CONDA_PREFIX']];
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, 'bin', 'python')));
}

interface Python {
  readonly version: string;
  readonly packages: Readonly<Record<string, string>>;
}

async function askPython(root: string | undefined): Promise<Python | string> {
  if (root === undefined) return `expected it in ${join(projectFolder(), '.venv')}, found none`;
  const question =
    'import json, sys, importlib.metadata as m; ' +
    'print(json.dumps({"version": sys.version.split()[0], "packages": {str(d.name).lower().replace("_", "-"): d.version for d in m.distributions()}}))';
  const {output, failure} = await ask(join(root, 'bin', 'python'), ['-I', '-c', question]);
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

/** The versions that environment.yml asks for. */
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
  if (typeof python === 'string') return wrong('there is no Python that could have it');
  const names = ['tensorflow', 'tensorflow-cpu'].filter((name) => python.packages[name] !== undefined);
  if (names.length > 1)
    return wrong(`${names.join(' and ')} are both installed, in one folder`, `remove .venv and ${setUp}`);
  const name = names[0] ?? 'tensorflow';
  const got = python.packages[name];
  const problem = checkPackage(name, got, wantedVersion('tensorflow'));
  return problem === undefined ? ok(`${name} ${got}`) : wrong(problem);
}

function checkPackages(python: Python | string, names: readonly string[]): Verdict {
  if (typeof python === 'string') return wrong('there is no Python that could have it');
  const problem = names
    .map((name) => checkPackage(name, python.packages[name], wantedVersion(name)))
    .find((one) => one !== undefined);
  return problem === undefined
    ? ok(names.map((name) => `${name} ${python.packages[name]}`).join(', '))
    : wrong(problem);
}

interface Native {
  readonly failure?: string;
  readonly detail: string;
  readonly device?: 'cpu' | 'gpu';
}

/** Adds two numbers on TensorFlow, in another process. */
async function askNative(): Promise<Native> {
  const script = `try {
      const {tf, device} = require(${JSON.stringify(join(__dirname, 'tensorflow', 'tensorflow'))});
      const sum = tf.add(1, 2).dataSync()[0];
      console.log('\\n' + JSON.stringify({sum, device: device(), tensorflow: tf.backend().binding.TF_Version}));
    } catch (error) {
      console.error((error.cause ?? error).message.trim().split('\\n')[0]);
      process.exitCode = 1;
    }`;
  const {output, failure} = await ask(process.execPath, ['-e', script]);
  if (failure !== undefined) return {failure, detail: ''};
  const answer = JSON.parse(output.trim().split('\n').at(-1)!) as {
    sum: number;
    device: 'cpu' | 'gpu';
    tensorflow: string;
  };
  if (answer.sum !== 3) return {failure: `1 + 2 came out as ${answer.sum}`, detail: ''};
  return {detail: `loads TensorFlow ${answer.tensorflow} and computes`, device: answer.device};
}

function checkDevice({device}: Native): Verdict {
  if (device === undefined) return wrong('not known, as the binding does not load');
  const wanted = process.env['CAPTIONER_DEVICE'];
  if (device === 'cpu' && wanted !== 'cpu' && existsSync('/proc/driver/nvidia/version'))
    return wrong(
      'there is an NVIDIA driver, but TensorFlow computes on the CPU',
      `${setUp}; see what nvidia-smi says`,
    );
  if (device === 'cpu' && wanted === 'gpu')
    return wrong('CAPTIONER_DEVICE asks for the GPU, but TensorFlow found none', 'see what nvidia-smi says');
  return ok(device === 'gpu' ? 'GPU' : 'CPU');
}

async function checkWeights(): Promise<Verdict> {
  const name = 'efficientnet-lite2';
  const file = join(encoderFolder(), `${name}.safetensors`);
  try {
    const bytes = await fs.readFile(file);
    const {tensors} = parseSafetensors(bytes, file);
    const sum = createHash('sha256').update(bytes).digest('hex');
    const record = join(encoderFolder(), `.${name}.json`);
    const known = existsSync(record)
      ? (JSON.parse(await fs.readFile(record, 'utf8')) as {sum?: string}).sum
      : undefined;
    if (known !== undefined && known !== sum) return wrong(`${file} was changed since it was made`);
    return ok(`${name}, ${tensors.size} tensors`);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return wrong(missing ? `expected ${file}, found none` : (error as Error).message);
  }
}

/** Where Jupyter finds the kernel, and whether its command runs. */
async function checkKernel(root: string | undefined): Promise<Verdict> {
  if (root === undefined) return wrong('there is no Python environment that it could be registered in');
  const list = await ask(join(root, 'bin', 'python'), [
    '-I',
    '-m',
    'jupyter_client.kernelspecapp',
    'list',
    '--json',
  ]);
  if (list.failure !== undefined) return wrong(`Jupyter can't list its kernels: ${list.failure}`);
  const {kernelspecs} = JSON.parse(list.output) as {
    kernelspecs: Record<string, {resource_dir: string; spec: {argv: string[]}}>;
  };
  const found = kernelspecs['tslab'];
  if (found === undefined) return wrong('Jupyter has no kernel tslab');
  const [node, tslab] = found.spec.argv.filter((word) => !word.startsWith('-'));
  if (node === undefined || tslab === undefined || !isAbsolute(node) || !isAbsolute(tslab))
    return wrong(`${found.resource_dir} starts ${found.spec.argv.join(' ')}: expected absolute paths`);
  const {output, failure} = await ask(node, [tslab, '--version']);
  return failure === undefined
    ? ok(`${output.trim()}, ${found.resource_dir}`)
    : wrong(`${tslab} does not start: ${failure}`);
}

/** Runs a program; what went wrong comes back as one line. */
async function ask(program: string, args: readonly string[]): Promise<{output: string; failure?: string}> {
  try {
    const {stdout} = await promisify(execFile)(program, args, {timeout: 60_000, maxBuffer: 1 << 24});
    return {output: stdout};
  } catch (error) {
    const {stderr, message, signal} = error as {stderr?: string; message: string; signal?: string | null};
    const lines = (stderr ?? '').split(/\r?\n/).filter((line) => line.trim() !== '');
    const telling = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? message;
    return {output: '', failure: signal ? `ended by ${signal}` : telling};
  }
}
