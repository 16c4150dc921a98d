import {mkdirSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {expect} from 'chai';
import {checkpointFolder, loadCheckpoint, runFolder} from 'captioner';
import {freeFolder, newestRun, siblings} from 'captioner/dist/checkpoints/run-folders';
import {projectRoot, refusal, temporaryFolder} from '../support';

/** Makes the folder of a run. @param step Step of its newest checkpoint; absent: it has none. @param minutes Age of that checkpoint. */
function layRun(folder: string, step?: number, minutes = 0, best = false): string {
  mkdirSync(join(folder, 'checkpoints'), {recursive: true});
  if (step === undefined) return folder;
  const name = `step-${String(step).padStart(9, '0')}`;
  const checkpoint = join(folder, 'checkpoints', name);
  mkdirSync(checkpoint);
  writeFileSync(join(folder, 'latest'), `${name}\n`);
  if (best) writeFileSync(join(folder, 'best'), `${name}\n`);
  const time = new Date(Date.UTC(2026, 0, 1, 12, -minutes));
  utimesSync(checkpoint, time, time);
  return folder;
}

describe('Folders of runs', () => {
  let parent: string;
  let base: string;
  beforeEach(() => {
    parent = temporaryFolder();
    base = join(parent, 'scenes');
  });

  it('are numbered where a run lies already', () => {
    expect(freeFolder(base)).to.equal(base);
    layRun(base, 10);
    expect(freeFolder(base)).to.equal(`${base}-2`);
    layRun(`${base}-2`, 10);
    layRun(`${base}-4`, 10);
    expect(freeFolder(base)).to.equal(`${base}-3`);
    // A name with a number is a name.
    expect(freeFolder(`${base}-2`)).to.equal(`${base}-2-2`);
  });

  it('are used again when a run took no step', () => {
    layRun(base);
    expect(freeFolder(base)).to.equal(base);
    layRun(join(parent, 'first'), 0);
    expect(freeFolder(join(parent, 'first'))).to.equal(join(parent, 'first'));
    layRun(join(parent, 'other'), 1);
    layRun(join(parent, 'other-2'));
    // Files that a trainer writes before its first step.
    for (const name of ['provenance.json', 'events.out.tfevents.1', 'metrics.jsonl'])
      writeFileSync(join(parent, 'other-2', name), '');
    mkdirSync(join(parent, 'other-2', 'validation'));
    expect(freeFolder(join(parent, 'other'))).to.equal(join(parent, 'other-2'));
  });

  it('are left alone when they hold something else, unless they were named', () => {
    mkdirSync(base);
    writeFileSync(join(base, 'notes.txt'), 'mine');
    expect(freeFolder(base)).to.equal(base);
    layRun(base, 5);
    mkdirSync(`${base}-2`);
    writeFileSync(join(`${base}-2`, 'notes.txt'), 'mine');
    mkdirSync(`${base}-3`);
    writeFileSync(join(`${base}-3`, 'manifest.json'), '{}');
    expect(freeFolder(base)).to.equal(`${base}-4`);
  });

  it('are free together for all stages of a preset', () => {
    const suffixes = ['', '-scst'];
    expect(freeFolder(base, suffixes)).to.equal(base);
    layRun(`${base}-scst`, 3);
    expect(freeFolder(base, suffixes)).to.equal(`${base}-2`);
    layRun(`${base}-2-scst`, 3);
    expect(freeFolder(base, suffixes)).to.equal(`${base}-3`);
  });

  it('are not taken from another process that has opened one, even before its first step', async () => {
    layRun(base);
    const lock = join(projectRoot, 'lib', 'dist', 'files', 'lock.js');
    const script = `require(${JSON.stringify(lock)}).lockFolder(${JSON.stringify(base)}); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'pipe', 'inherit']});
    try {
      await once(child.stdout, 'data');
      expect(freeFolder(base)).to.equal(`${base}-2`);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    // Its lock went with it.
    expect(freeFolder(base)).to.equal(base);
  });

  it('are found by their name, the newest first', () => {
    layRun(base, 10, 30, true);
    layRun(`${base}-2`, 10, 10, true);
    layRun(`${base}-10`, 10, 20, true);
    layRun(`${base}-3`);
    layRun(`${base}-old`, 10, 0, true);
    layRun(`${base}2`, 10, 0, true);
    expect(siblings(base).map(({folder}) => folder)).to.deep.equal([`${base}-2`, `${base}-10`, base]);
    expect(newestRun(base)).to.equal(`${base}-2`);
    // One that has a finished epoch is better than one that was stopped before.
    layRun(`${base}-11`, 10, 0);
    expect(newestRun(base)).to.equal(`${base}-2`);
    expect(newestRun(join(parent, 'nothing'))).to.equal(undefined);
  });

  it('are found by the newest of their stages', () => {
    layRun(base, 10, 30);
    layRun(`${base}-scst`, 4, 5);
    layRun(`${base}-2`, 10, 20);
    expect(siblings(base, ['', '-scst']).map(({folder}) => folder)).to.deep.equal([base, `${base}-2`]);
  });

  describe('of a data set', () => {
    const earlier = process.env['CAPTIONER_HOME'];
    after(() => {
      if (earlier === undefined) delete process.env['CAPTIONER_HOME'];
      else process.env['CAPTIONER_HOME'] = earlier;
    });

    it('give the newest run, and the bundled checkpoint only where there is none', () => {
      process.env['CAPTIONER_HOME'] = parent;
      const dataset = {folder: '/anywhere/photographs'};
      const bundled = join(parent, 'checkpoints', 'photographs');
      mkdirSync(bundled, {recursive: true});
      writeFileSync(join(bundled, 'manifest.json'), '{}');
      expect(checkpointFolder(dataset)).to.equal(bundled);
      const run = runFolder(dataset);
      expect(run).to.equal(`${bundled}-run`);
      // A run that was opened only is none.
      layRun(run);
      expect(checkpointFolder(dataset)).to.equal(bundled);
      layRun(run, 4, 9, true);
      expect(checkpointFolder(dataset)).to.equal(run);
      layRun(`${run}-2`, 4, 8, true);
      expect(checkpointFolder(dataset)).to.equal(`${run}-2`);
      expect(checkpointFolder(dataset, run)).to.equal(run);
    });
  });

  it('say that a run has no epoch yet to whom wants to load it', async () => {
    layRun(base);
    const {code, message} = await refusal(loadCheckpoint(base));
    expect([code, message]).to.deep.equal([
      'not-found',
      `${base}: this run has no finished epoch yet; train it, or choose another`,
    ]);
  });
});
