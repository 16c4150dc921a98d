/** Finds a Python that TensorFlow supports, and the environment with the project's packages. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {ask, find} from './child.mjs';
import {SetupError} from './failure.mjs';
import {installed, isTensorFlow, requirements} from './requirements.mjs';

const minors = [13, 12, 11, 10];
export const supported = (version) => {
  const [major, minor] = version.split('.').map(Number);
  return major === 3 && minors.includes(minor);
};

const question =
  'import sys, importlib.util as u; print(sys.version.split()[0], getattr(sys, "_base_executable", sys.executable), all(map(u.find_spec, ("venv", "ensurepip"))))';

/** @returns {{version: string, base: string, complete: boolean} | undefined} `undefined` if it doesn't run. */
export function probe(python, env) {
  const answer = ask([python, '-c', question], env);
  const match = /^(\S+) (.*) (True|False)$/.exec(answer ?? '');
  return match === null
    ? undefined
    : {version: match[1].replace(/[^0-9.].*$/, ''), base: match[2], complete: match[3] === 'True'};
}

/** @throws SetupError If there is none. @returns {string} Its path. */
export function findPython(env) {
  const named = env.CAPTIONER_PYTHON;
  const candidates = named ? [named] : [...minors.map((minor) => `python3.${minor}`), 'python3', 'python'];
  const seen = [];
  for (const name of candidates) {
    const program = find(name, env);
    const found = program === undefined ? undefined : probe(program, env);
    if (found === undefined) {
      if (named) seen.push(`${name} ${program === undefined ? 'was not found' : 'does not run'}`);
    } else if (!supported(found.version)) {
      seen.push(`${name} is Python ${found.version}`);
    } else if (!found.complete) {
      seen.push(`${name} (Python ${found.version}) lacks the venv module`);
    } else {
      return program;
    }
  }
  const got = seen.length === 0 ? 'found no Python on PATH' : `got: ${seen.join('; ')}`;
  const lacking = seen.find((reason) => reason.endsWith('venv'));
  throw new SetupError(
    `Expected Python 3.10 to 3.13, ${got}.`,
    lacking !== undefined && !named
      ? 'Install the venv module (Debian, Ubuntu: apt-get install python3-venv) and run the command again.'
      : 'Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13; conda: conda env create --file environment.yml), ' +
          'or choose an installed one: CAPTIONER_PYTHON=/path/to/python3.12',
  );
}

/**
 * The project's `.venv`, or, if there is none, the active conda environment if it has the packages of environment.yml.
 *
 * @returns {{kind: 'venv' | 'conda', root: string, python: string, site: string}}
 */
export function environment(project) {
  const own = join(project.home, '.venv');
  const conda = project.env.CONDA_PREFIX;
  if (conda && !existsSync(own) && !project.env.CAPTIONER_PYTHON) {
    const active = describe('conda', conda);
    if (hasPackages(project, active)) return active;
  }
  return describe('venv', own);
}

function describe(kind, root) {
  const folders = list(join(root, 'lib')).filter((name) => /^python3\.\d+$/.test(name));
  const folder = folders.find(supportedFolder) ?? folders[0] ?? 'python3';
  return {kind, root, python: join(root, 'bin', 'python'), site: join(root, 'lib', folder, 'site-packages')};
}

const supportedFolder = (name) => supported(name.slice('python'.length));

/** Accepts any TensorFlow variant: environment.yml names the one for the CPU, and set-up replaces it if needed. */
function hasPackages(project, {python, site}) {
  if (!existsSync(python)) return false;
  const present = installed(site);
  return requirements(project).every(({name, version}) =>
    isTensorFlow(name)
      ? [present.get('tensorflow'), present.get('tensorflow-cpu')].includes(version)
      : present.get(name) === version,
  );
}

/** The Python version that a virtual environment was created with, from its pyvenv.cfg. */
export function venvVersion(root) {
  try {
    return /^version\s*=\s*(\S+)/m.exec(readFileSync(join(root, 'pyvenv.cfg'), 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
