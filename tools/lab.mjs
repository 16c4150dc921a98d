/** Opens JupyterLab on the notebooks, with the project's kernel. Passes the arguments after `npm run lab --` to JupyterLab. */
import {spawn} from 'node:child_process';
import {delimiter, join} from 'node:path';
import {home, openProject} from './setup/project.mjs';
import {environment} from './setup/python.mjs';

const {root, python} = environment(openProject());
const own = [
  '-m',
  'jupyterlab',
  `--ServerApp.root_dir=${home}`,
  '--LabApp.default_url=/lab/tree/notebooks',
  // Jupyter refuses to run as root unless told to; containers usually run as root.
  ...(process.getuid?.() === 0 ? ['--allow-root'] : []),
];
const lab = spawn(python, [...own, ...process.argv.slice(2)], {
  cwd: home,
  env: {...process.env, PATH: [join(root, 'bin'), process.env.PATH].join(delimiter)},
  stdio: 'inherit',
});
// Ctrl-C reaches JupyterLab directly, which asks for confirmation.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => signal === 'SIGTERM' && lab.kill(signal));
lab.on('exit', (code, signal) => (process.exitCode = signal ? 1 : (code ?? 1)));
