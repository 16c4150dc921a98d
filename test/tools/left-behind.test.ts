import {spawn, type ChildProcess} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {expect} from 'chai';
import {projectRoot, python} from '../support';
import {copyOfProject} from './project';

/** A notebook that trains without end, and writes which process does and in which folder. */
function trainingNotebook(folder: string): {cells: object[]} {
  const sources = [
    `let run = '';`,
    `import {createDecoder, drawScenes, FeatureStore, loadEncoder, openDataset, Trainer, Vocabulary} from 'captioner';
import {writeFileSync} from 'node:fs';`,
    `const folder = ${JSON.stringify(folder)};
await drawScenes(folder + '/scenes', {train: 20, validation: 4, test: 0});
const dataset = await openDataset(folder + '/scenes');
const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 64}});
const features = await FeatureStore.build(encoder, dataset.images, folder + '/features');
const vocabulary = Vocabulary.from(dataset.images.flatMap((image) => image.captions));
const decoder = createDecoder('lstm', vocabulary.size, features.depth, {units: 64});
const options = {epochs: 100_000, meteor: false, saveEvery: 1_000_000};
const trainer = await Trainer.create({dataset: dataset, features: features, vocabulary: vocabulary, decoder: decoder, options: options, run: folder + '/run'});`,
    `await trainer.train({onStep: ({step}) => { if (step === 5) writeFileSync(folder + '/pid', String(process.pid)); }});`,
  ];
  const cells = sources.map((source, at) => ({
    cell_type: 'code',
    id: `cell-${at}`,
    source,
    outputs: [],
    execution_count: null,
    metadata: at === 0 ? {tags: ['parameters']} : {},
  }));
  const title = {cell_type: 'markdown', id: 'title', source: '# A trial\n\nWithout end.', metadata: {}};
  return {cells: [title, ...cells]};
}

/** Processes below one, by their numbers. */
function descendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Whether a process still does anything: one that ended may wait for its parent to notice. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until<T>(what: string, seconds: number, look: () => T | undefined | false): Promise<T> {
  for (const start = Date.now(); Date.now() - start < seconds * 1000; await pause(100)) {
    const found = look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`waited ${seconds} s for ${what}`);
}

/** A copy of the project whose set-up is done, with the notebook as its only chapter. */
function project(): {home: string; folder: string} {
  const home = copyOfProject(['tools'], ['node_modules', 'lib', '.venv', 'data/encoders']);
  const folder = join(home, 'trial');
  mkdirSync(folder);
  mkdirSync(join(home, 'notebooks'));
  const notebook = {...trainingNotebook(folder), metadata: {}, nbformat: 4, nbformat_minor: 5};
  writeFileSync(join(home, 'notebooks', '01-trial.ipynb'), JSON.stringify(notebook));
  const scripts = {
    start: 'true && node tools/start.mjs',
    report: 'true && node tools/report.mjs',
    lab: 'true && node tools/lab.mjs',
  };
  writeFileSync(join(home, 'package.json'), JSON.stringify({name: 'trial', private: true, scripts}));
  return {home, folder};
}

const commands: Readonly<Record<string, readonly string[]>> = {
  report: ['run', 'report', '--', 'notebooks/01-trial.ipynb'],
  start: ['start'],
  lab: ['run', 'lab', '--', '--no-browser'],
};

/** Runs the cells of the notebook in a kernel of the JupyterLab whose server this is. */
function trainInLab(home: string): ChildProcess {
  const script = join(projectRoot, 'test', 'tools', 'train-in-lab.py');
  return spawn(python(), [script, join(home, 'work', '01-trial.ipynb'), join(home, 'runtime')], {
    stdio: 'inherit',
  });
}

describe('A command that trains', function () {
  this.timeout(180_000);
  before(function () {
    if (process.platform !== 'linux') this.skip(); // looks at /proc
  });

  for (const [command, words] of Object.entries(commands))
    // JupyterLab asks before it ends at Ctrl-C.
    for (const signal of ['SIGHUP', 'SIGTERM', 'SIGKILL', ...(command === 'lab' ? [] : ['SIGINT'])] as const)
      it(`leaves nothing behind when ${signal} ends npm ${command}`, async () => {
        const {home, folder} = project();
        const npm = spawn('npm', words, {
          cwd: home,
          detached: true, // as a terminal has it: a group of its own
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {...process.env, CAPTIONER_HOME: home, JUPYTER_RUNTIME_DIR: join(home, 'runtime')},
        });
        let output = '';
        for (const stream of [npm.stdout, npm.stderr])
          stream.on('data', (text: Buffer) => (output += text.toString()));
        const lab = command === 'lab' ? await connected(home, () => output) : undefined;
        try {
          const kernel = await until('training', 90, () => existsSync(join(folder, 'pid')) && Number(readFileSync(join(folder, 'pid'), 'utf8'))).catch((error: Error) => expect.fail(`${error.message}\n${output}`)); // prettier-ignore
          const all = [npm.pid!, ...descendants(npm.pid!)];
          expect(all).to.include(kernel);
          expect(existsSync(join(folder, 'run', '.lock'))).to.equal(true);
          // A terminal sends SIGHUP when it is closed, and SIGINT at Ctrl-C, to all in its group; other signals come to npm alone.
          process.kill(/HUP|INT/.test(signal) ? -npm.pid! : npm.pid!, signal);
          await until(`the end of all processes\n${output}`, 25, () => !all.some(isRunning));
          expect(existsSync(join(folder, 'run', '.lock')), 'the lock').to.equal(false);
          expect(existsSync(join(folder, 'run', 'latest')), 'a checkpoint').to.equal(true);
          if (signal === 'SIGINT') expect(output).to.include('stopped; a run in training is saved');
          const reports = join(home, 'reports');
          if (existsSync(reports)) expect(readdirSync(reports)).to.deep.equal([]);
        } finally {
          lab?.kill();
          for (const pid of [npm.pid!, ...(isRunning(npm.pid!) ? descendants(npm.pid!) : [])])
            if (isRunning(pid)) process.kill(pid, 'SIGKILL');
        }
      });
});

async function connected(home: string, output: () => string): Promise<ChildProcess> {
  await until('JupyterLab', 60, () => /http:\/\/\S+token=/.test(output()));
  return trainInLab(home);
}
