/** Trainings on disks that fill up: a small file system of their own, where this user may mount one. */
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {drawScenes} from 'captioner';
import {loadCheckpoint} from 'captioner/dist/checkpoints/checkpoint';
import {checkpointsIn} from 'captioner/dist/checkpoints/run-layout';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';
import {captioner} from './command';

/** Losses of the steps in the log of a run, by step; those that were taken again count once. */
function lossesOf(run: string): number[] {
  const losses: number[] = [];
  for (const line of readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')) {
    const event = JSON.parse(line) as {type: string; step: number; loss: number};
    if (event.type === 'step') losses[event.step - 1] = event.loss;
  }
  return losses;
}

const command = join(projectRoot, 'lib', 'bin', 'captioner.js');

describe('A training whose disk is full', function () {
  this.timeout(240_000);
  const home = temporaryFolder();
  const earlier = {...process.env};
  const mounted: string[] = [];
  const sizes = ['units=4', 'embedding=4', 'meteor=false', 'batch=4', 'validationImages=2', 'panelImages=8', 'beams=1']; // prettier-ignore
  const train = (run: string, epochs: number): string[] => [
    ...['train', '--data', 'drawn', '--encoder', 'efficientnet-lite0', '--size', '64', '--run', run],
    ...['--epochs', String(epochs), ...sizes.flatMap((option) => ['--set', option])],
  ];
  const resume = (run: string, epochs: number): string[] => [
    ...['train', '--data', 'drawn', '--run', run, '--resume', '--epochs', String(epochs)],
  ];
  let losses: number[];

  /** Mounts an empty file system of this size. @returns Whether this user may. */
  function mount(folder: string, size: string, how = ''): boolean {
    try {
      const options = `${how}size=${size}`;
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], {stdio: 'ignore'});
      if (how === '') mounted.push(folder);
      return true;
    } catch {
      return false;
    }
  }

  before(async () => {
    Object.assign(process.env, {CAPTIONER_OUTPUT: home, CAPTIONER_CWD: home});
    await drawScenes(join(home, 'drawn'), {train: 8, validation: 8, test: 1});
    const {code, text} = await captioner(train('plain', 3));
    expect(code, text).to.equal(0);
    losses = lossesOf(join(home, 'plain'));
  });

  after(() => {
    for (const folder of mounted) execFileSync('umount', [folder]);
    for (const name of ['CAPTIONER_OUTPUT', 'CAPTIONER_CWD']) {
      if (earlier[name] === undefined) delete process.env[name];
      else process.env[name] = earlier[name];
    }
  });

  it("goes on without TensorBoard's log when only that can't be written", () => {
    // The log is the only file that is larger.
    const limited = [
      '-c',
      'ulimit -f 100 && exec "$@"',
      'sh',
      process.execPath,
      command,
      ...train('logged', 3),
    ];
    const {status, stdout, stderr} = spawnSync('bash', limited, {
      encoding: 'utf8',
      env: {...process.env, INIT_CWD: home},
    });
    expect(status, stderr).to.equal(0);
    const run = join(home, 'logged');
    expect(`${stdout}${stderr}`).to.not.match(/^ +at |TF_Status/m);
    expect(stderr.match(/nothing more is written for TensorBoard/g), stderr).to.have.length(1);
    expect(lossesOf(run)).to.deep.equal(losses);
    expect(checkpointsIn(run)).to.not.be.empty;
  });

  it('says so, keeps the checkpoint before, and resumes to the bit once there is space', async function () {
    const disk = join(home, 'disk');
    mkdirSync(disk);
    if (!mount(disk, '260k')) return this.skip();
    const run = join('disk', 'run');
    const {code, text} = await captioner(train(run, 3));
    expect(code, text).to.not.equal(0);
    expect(text).to.match(/^captioner: .*the disk is full/m);
    expect(text).to.not.match(/^ +at |TF_Status|Error:/m);
    const saved = checkpointsIn(join(home, run));
    for (const name of saved) {
      const {decoder} = await loadCheckpoint(join(home, run, 'checkpoints', name));
      decoder.dispose();
    }
    mount(disk, '64m', 'remount,');
    const again = await captioner(saved.length > 0 ? resume(run, 3) : [...train(run, 3), '--replace']);
    expect(again.code, again.text).to.equal(0);
    expect(lossesOf(join(home, run))).to.deep.equal(losses);
  });
});
