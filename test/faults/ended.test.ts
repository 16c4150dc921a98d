/** A training that is asked to end, or whose reader is gone, saves first: no step is lost, and it resumes to the bit. */
import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, openSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {drawScenes} from 'captioner';
import {loadCheckpoint} from 'captioner/dist/checkpoints/checkpoint';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

const folder = temporaryFolder();
const command = join(projectRoot, 'lib', 'bin', 'captioner.js');

function train(run: string, stdio: 'pipe' | number, ...args: string[]): ChildProcess {
  const sizes = [
    '--set',
    'units=8',
    '--set',
    'embedding=8',
    '--set',
    'meteor=false',
    '--set',
    'panelImages=0',
  ];
  const child = spawn(
    process.execPath,
    [
      command,
      'train',
      '--data',
      'scenes',
      '--run',
      run,
      '--encoder',
      'efficientnet-lite0',
      ...sizes,
      ...args,
    ],
    {
      cwd: folder,
      env: {...process.env, INIT_CWD: folder, CAPTIONER_OUTPUT: folder},
      stdio: ['ignore', stdio, 'pipe'],
    },
  );
  return child;
}

/** Waits until the run has taken some steps. */
async function underWay(run: string, ended: Promise<unknown>): Promise<void> {
  let over = false;
  void ended.then(() => (over = true));
  for (;;) {
    const log = (() => {
      try {
        return readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8');
      } catch {
        return '';
      }
    })();
    if ((log.match(/"type":"step"/g) ?? []).length >= 3) return;
    if (over) throw new Error('it ended before');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The last step in the log of a run, and that of its newest checkpoint. */
async function stepsOf(run: string): Promise<[logged: number, saved: number]> {
  const lines = readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const logged = lines.map((line) => JSON.parse(line) as {type: string; step: number});
  const latest = readFileSync(join(folder, run, 'latest'), 'utf8').trim();
  const {decoder, training} = await loadCheckpoint(join(folder, run, 'checkpoints', latest));
  decoder.dispose();
  const steps = logged.filter(({type}) => type === 'step').map(({step}) => step);
  return [Math.max(...steps), training!.position.step];
}

describe('A training', function () {
  this.timeout(240_000);

  before(async () => {
    await drawScenes(join(folder, 'scenes'), {train: 24, validation: 2, test: 2});
  });

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const)
    it(`saves at ${signal}, says so and ends`, async () => {
      const run = signal.toLowerCase();
      const child = train(run, 'pipe', '--epochs', '5000');
      let errors = '';
      child.stderr!.on('data', (data: Buffer) => (errors += data.toString()));
      child.stdout!.resume();
      const ended = new Promise<[number | null, string | null]>((done) =>
        child.on('close', (...all) => done(all)),
      );
      await underWay(run, ended);
      child.kill(signal);
      expect(await ended, errors).to.deep.equal(signal === 'SIGINT' ? [130, null] : [null, signal]);
      expect(errors).to.match(/Stopped at step \d+ .*saved; continue with --resume/);
      const [logged, saved] = await stepsOf(run);
      expect(saved).to.equal(logged);
    });

  it('saves when nobody reads its output any more', async () => {
    const run = 'unread';
    const child = train(run, 'pipe', '--epochs', '5000');
    child.stderr!.resume();
    child.stdout!.destroy();
    const ended = new Promise((done) => child.on('close', done));
    expect(await ended).to.equal(141);
    const [logged, saved] = await stepsOf(run);
    expect(saved).to.equal(logged);
  });

  it('saves when its output cannot be written', async function () {
    if (process.platform !== 'linux') this.skip();
    const full = openSync('/dev/full', 'w');
    const child = train('full', full, '--epochs', '5000');
    closeSync(full);
    child.stderr!.resume();
    expect(await new Promise((done) => child.on('close', done))).to.equal(1);
    const [logged, saved] = await stepsOf('full');
    expect(saved).to.equal(logged);
  });
});
