/** Step: installs the Python packages of environment.yml in `.venv` or in the active conda environment created from that file. */
import {existsSync, lstatSync, readdirSync, readFileSync, realpathSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {attempt, run} from './child.mjs';
import {explain, SetupError} from './failure.mjs';
import {readJson, sumOfFile, writeJson} from './files.mjs';
import {environment, findPython, probe, supported, venvVersion} from './python.mjs';
import {installed, isTensorFlow, lockedPackages, lockFile, requirements, satisfied} from './requirements.mjs';

export function pythonStep(project) {
  const list = requirements(project);
  const wanted = list.map(({line}) => line);
  const chosen = project.env.CAPTIONER_PYTHON || undefined;
  const stampOf = (root) => join(root, 'captioner.json');

  const step = {
    name: 'Python packages',

    done() {
      const {root, python, site} = environment(project);
      const stamp = readJson(stampOf(root));
      return (
        stamp !== undefined &&
        stamp.root === realpathSync(root) &&
        (chosen === undefined || chosen === stamp.chosen) &&
        JSON.stringify(stamp.packages) === JSON.stringify(wanted) &&
        stamp.lock === sumOfFile(lockFile(project.device)) &&
        existsSync(python) &&
        existsSync(join(site, 'tensorflow', 'include')) &&
        satisfied(list, installed(site))
      );
    },

    /** Fails before any download if there is no suitable Python. */
    check() {
      const {kind, root} = environment(project);
      if (kind === 'venv' && (chosen !== undefined || damage(project, root) !== undefined))
        findPython(project.env);
    },

    async run() {
      const {kind, root} = environment(project);
      if (kind === 'venv') await makeVenv(project, root, chosen, readJson(stampOf(root)));
      rmSync(stampOf(root), {force: true});
      const {python, site} = environment(project);
      const pip = [python, '-I', '-m', 'pip'];
      const stale = [...installed(site).keys()].filter((name) => isTensorFlow(name) && name !== list[0].name);
      if (stale.length > 0) {
        // Both variants share a folder, so removing the other one also removes files of this one.
        project.say(`Replacing ${stale.join(', ')} by ${list[0].line}`);
        await run(project, 'pip uninstall', [
          ...pip,
          'uninstall',
          '--yes',
          ...new Set([...stale, list[0].name]),
        ]);
      }
      project.say(
        `Installing ${list[0].line}, ${list.length - 1} more and what they need into ${kind === 'venv' ? '.venv' : root} with pip`,
      );
      const {code, output} = await attempt(project, [
        ...pip,
        'install',
        '--no-warn-script-location',
        ...lockedPackages(project.device),
      ]);
      if (code !== 0) throw explain('pip install', output, project.log);
      writeJson(stampOf(root), {
        root: realpathSync(root),
        ...(chosen === undefined ? {} : {chosen}),
        packages: wanted,
        lock: sumOfFile(lockFile(project.device)),
      });
      if (!step.done())
        throw new SetupError(
          'pip install succeeded, but some packages of environment.yml are missing.',
          `Check for pip settings that install packages elsewhere (pip config list); the full output is in ${project.log}.`,
        );
    },
  };
  return step;
}

/** Creates `.venv` if it is missing or damaged, or if another Python was requested. */
async function makeVenv(project, root, chosen, stamp) {
  let reason = damage(project, root, stamp);
  if (reason === undefined && chosen !== undefined && chosen !== stamp?.chosen) {
    const wanted = probe(findPython(project.env), project.env);
    const present = probe(join(root, 'bin', 'python'), project.env);
    if (realpathSync(wanted.base) !== realpathSync(present.base)) reason = 'was created with another Python';
  }
  if (reason === undefined) return;
  const program = findPython(project.env);
  if (lstatSync(root, {throwIfNoEntry: false}) !== undefined) {
    project.say(`Removing .venv, which ${reason}`);
    rmSync(join(root, 'captioner.json'), {force: true});
    rmSync(root, {recursive: true, force: true, maxRetries: 3});
  }
  project.say(`Creating .venv with ${program}`);
  await run(project, 'python -m venv', [program, '-m', 'venv', root]);
}

/**
 * Explains why a virtual environment can't be used; `undefined` if it can. pip writes a package's record last, so a killed pip leaves
 * packages without a record, which pip itself would take for installed.
 */
export function damage(project, root, stamp = readJson(join(root, 'captioner.json'))) {
  const version = venvVersion(root);
  if (version === undefined) return 'is missing or incomplete';
  if (!supported(version)) return `was created with Python ${version}`;
  if (stamp !== undefined && stamp.root !== realpathSync(root)) return 'was moved from another folder';
  const {python, site} = environment(project);
  if (!existsSync(python)) return 'has lost its Python';
  const names = existsSync(site) ? readdirSync(site) : [];
  if (!names.some((name) => name.startsWith('pip-'))) return 'is incomplete: it has no pip';
  const broken = names.find(
    (name) => name.startsWith('~') || (name.endsWith('.dist-info') && !isIntact(site, name)),
  );
  return broken === undefined ? undefined : `is incomplete: ${broken}`;
}

/** Whether every file in a package's record exists with the recorded size, apart from files compiled by Python. */
function isIntact(site, info) {
  let record;
  try {
    record = readFileSync(join(site, info, 'RECORD'), 'utf8');
  } catch {
    return false;
  }
  return record.split(/\r?\n/).every((row) => {
    const match = /^"?(.+?)"?,[^,]*,(\d*)$/.exec(row);
    if (match === null || match[2] === '' || match[1].endsWith('.pyc')) return true;
    const file = lstatSync(join(site, match[1]), {throwIfNoEntry: false});
    return file !== undefined && (file.isSymbolicLink() || file.size === Number(match[2]));
  });
}
