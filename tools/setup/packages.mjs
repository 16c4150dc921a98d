/** Step: installs the JavaScript packages of package-lock.json in node_modules. npm's own record tells whether they are installed. */
import {existsSync, lstatSync, realpathSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {run} from './child.mjs';
import {diskFull, isFull, SetupError} from './failure.mjs';
import {readJson} from './files.mjs';

export function packagesStep(project) {
  const record = join(project.home, 'node_modules', '.package-lock.json');
  const step = {
    name: 'JavaScript packages',

    done() {
      const wanted = readJson(join(project.home, 'package-lock.json'))?.packages;
      const present = readJson(record)?.packages;
      if (wanted === undefined || present === undefined) return false;
      return (
        Object.entries(wanted).every(
          ([path, one]) => path === '' || isLeftOut(one) || same(one, present[path]),
        ) &&
        Object.entries(present).every(
          ([path, one]) =>
            fits(one) &&
            same(wanted[path] ?? {}, one) &&
            existsSync(join(project.home, path, 'package.json')),
        )
      );
    },

    async run() {
      project.say('Running npm ci');
      // If node_modules is a link, npm would empty its target, which may belong to another project.
      const folder = dirname(record);
      if (lstatSync(folder, {throwIfNoEntry: false})?.isSymbolicLink()) rmSync(folder);
      // npm writes its record last but empties the folder in any order: a killed run must leave no record behind.
      rmSync(record, {force: true});
      await run(project, 'npm ci', [
        ...npm(),
        'ci',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ]);
      if (step.done()) return;
      if (isFull(project.home)) throw diskFull('npm ci');
      throw new SetupError(
        'npm ci succeeded, but some packages of package-lock.json are missing.',
        'Run the command again: npm skips optional packages when the registry stops responding. If that does not help, ' +
          `check for settings that exclude packages (npm config list: omit, os, cpu); the full output is in ${project.log}.`,
      );
    },
  };
  return step;
}

function same(wanted, present) {
  return (
    present !== undefined && wanted.version === present.version && wanted.integrity === present.integrity
  );
}

/** npm silently skips optional packages for other platforms; TensorFlow itself has no build for musl. */
const isLeftOut = (one) => one.optional && !(one.os && fits(one) && allows(one.libc, 'glibc'));

/** Whether a package is for this platform, and not for another machine that shares the folder. */
const fits = ({os, cpu}) => allows(os, process.platform) && allows(cpu, process.arch);
const allows = (list, value) =>
  list === undefined ||
  list.includes(value) ||
  list.every((one) => one.startsWith('!') && one !== `!${value}`);

/** The npm of the running Node, otherwise the first on PATH. */
export function npm() {
  const beside = join(dirname(process.execPath), 'npm');
  if (!existsSync(beside)) return ['npm'];
  const script = realpathSync(beside);
  return script.endsWith('.js') ? [process.execPath, script] : [beside];
}
