/**
 * Opens JupyterLab on working copies of the notebooks, with the project's kernel. Passes the arguments after `npm run lab --` to
 * JupyterLab.
 */
import {delimiter, join} from 'node:path';
import {exitCodeOf, spawnChild} from './child.mjs';
import {home, openProject} from './setup/project.mjs';
import {environment} from './setup/python.mjs';
import {prepareWork} from './work.mjs';

const {root, python} = environment(openProject());
const {first, messages} = prepareWork(home);
for (const line of messages) console.log(line);
console.log(
  `Opening work/${first}, your copy of the first chapter; git ignores work/.\n` +
    'For a notebook of your own: File > New > Notebook, or TypeScript in the Launcher. Each open notebook has a kernel with up to 1 GB;\n' +
    'Kernel > Shut Down frees it. Ctrl-C here ends JupyterLab and all kernels.',
);
const own = [
  `--ServerApp.root_dir=${home}`,
  `--LabApp.default_url=/lab/tree/work/${encodeURIComponent(first)}`,
  '--MultiKernelManager.default_kernel_name=tslab',
  // A kernel that trains saves its run before it ends.
  '--KernelManager.shutdown_wait_time=30',
  // Jupyter refuses to run as root unless told to; containers usually run as root.
  ...(process.getuid?.() === 0 ? ['--allow-root'] : []),
];
const lab = spawnChild(
  python,
  [join(home, 'tools', 'lifeline.py'), 'jupyterlab', ...own, ...process.argv.slice(2)],
  {
    cwd: home,
    env: {...process.env, PATH: [join(root, 'bin'), process.env.PATH].join(delimiter)},
    stdio: ['inherit', 'inherit', 'inherit'],
  },
);
// Ctrl-C reaches JupyterLab directly, which asks for confirmation.
process.on('SIGINT', () => {});
lab.on('exit', (code, signal) => {
  process.exitCode = lab.endedBy ? exitCodeOf(lab.endedBy) : signal ? 1 : (code ?? 1);
});
