/** Step: the JavaScript packages of package-lock.json, in node_modules. npm's own record of what it installed tells whether they are there. */
import {existsSync, realpathSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {run} from './child.mjs';
import {readJson} from './files.mjs';

export function packagesStep(project) {
  const record = join(project.home, 'node_modules', '.package-lock.json');
  return {
    name: 'JavaScript packages',

    done() {
      const wanted = readJson(join(project.home, 'package-lock.json'))?.packages;
      const present = readJson(record)?.packages;
      if (wanted === undefined || present === undefined) return false;
      return (
        Object.entries(wanted).every(
          ([path, one]) => path === '' || one.optional || same(one, present[path]),
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
    },
  };
}

function same(wanted, present) {
  return (
    present !== undefined && wanted.version === present.version && wanted.integrity === present.integrity
  );
}

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
