/** Step: the JavaScript packages of package-lock.json, in node_modules. npm's own record of what it installed tells whether they are there. */
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
      project.say('npm ci');
      // npm would empty the folder that a link leads to, which may be another project's.
      const folder = dirname(record);
      if (lstatSync(folder, {throwIfNoEntry: false})?.isSymbolicLink()) rmSync(folder);
      // npm writes it last and empties the folder in any order, so a run that is killed must not find it.
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
        'npm ci ended well, yet the packages of package-lock.json are not all there.',
        'Run the command again: npm skips packages that it calls optional when the registry stops answering. If that does not help, ' +
          `look for settings that leave packages out (npm config list: omit, os, cpu); the whole output is in ${project.log}.`,
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

/** npm leaves out, without a word, the optional packages that are for other machines; TensorFlow itself has no build for musl. */
const isLeftOut = (one) => one.optional && !(one.os && fits(one) && allows(one.libc, 'glibc'));

/** Whether a package was installed for this kind of machine, and not for one that shares the folder. */
const fits = ({os, cpu}) => allows(os, process.platform) && allows(cpu, process.arch);
const allows = (list, value) =>
  list === undefined ||
  list.includes(value) ||
  list.every((one) => one.startsWith('!') && one !== `!${value}`);

/** npm of the Node that runs this, else the first on PATH. */
function npm() {
  const beside = join(dirname(process.execPath), 'npm');
  if (!existsSync(beside)) return ['npm'];
  const script = realpathSync(beside);
  return script.endsWith('.js') ? [process.execPath, script] : [beside];
}
