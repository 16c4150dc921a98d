import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {removeRun, Trainer} from 'captioner';
import {projectRoot, refusal, temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from '../training/toy';

describe('removeRun', () => {
  const folder = temporaryFolder();
  let toy: Toy;
  before(async () => {
    toy = await makeToy(folder);
  });

  async function trained(name: string): Promise<string> {
    const run = join(folder, name);
    const options = {...toyOptions, epochs: 2};
    const trainer = await Trainer.create({...toy, decoder: toyDecoder(toy), run, options});
    await trainer.train();
    trainer.close();
    trainer.decoder.dispose();
    return run;
  }

  it('removes a run with its folder', async () => {
    const run = await trained('whole');
    writeFileSync(join(run, 'metrics.jsonl'), '{"type":"begin"}\n');
    mkdirSync(join(run, 'tensorboard')); // of an earlier version
    writeFileSync(join(run, 'tensorboard', 'events.out.tfevents.1'), '');
    // Leftovers of a killed process.
    for (const name of ['events.out.tfevents.1', 'provenance.json'])
      writeFileSync(join(run, `.${name}.12-0123abcd.tmp`), '');
    mkdirSync(join(run, 'checkpoints', '.step-000000003.12-0123abcd.tmp'));
    writeFileSync(join(run, '.lock'), JSON.stringify({pid: 999_999_999, start: '1', token: 'x'}));
    expect(await removeRun(run)).to.deep.equal({folder: run, kept: []});
    expect(existsSync(run)).to.equal(false);
  });

  it('keeps what no run makes, and says so', async () => {
    const run = await trained('shared');
    writeFileSync(join(run, 'notes.txt'), 'mine');
    writeFileSync(join(run, 'validation', 'plot.png'), 'mine');
    mkdirSync(join(run, 'checkpoints', 'step-000000009'));
    writeFileSync(join(run, 'checkpoints', 'step-000000009', 'precious.bin'), 'mine');
    const {kept} = await removeRun(run);
    expect(kept).to.deep.equal([
      join('checkpoints', 'step-000000009', 'precious.bin'),
      'notes.txt',
      join('validation', 'plot.png'),
    ]);
    expect(readdirSync(run).sort()).to.deep.equal(['checkpoints', 'notes.txt', 'validation']);
    expect(readdirSync(join(run, 'checkpoints'))).to.deep.equal(['step-000000009']);
  });

  it('refuses a run that is being trained, here or in another process', async () => {
    const run = await trained('busy');
    const trainer = await Trainer.resume(run, toy);
    const own = await refusal(removeRun(run));
    expect([own.code, own.message]).to.deep.equal([
      'locked',
      `${run}: this run is open in this process; close its trainer first`,
    ]);
    trainer.close();
    trainer.decoder.dispose();
    const lock = join(projectRoot, 'lib', 'dist', 'files', 'lock.js');
    const script = `require(${JSON.stringify(lock)}).lockFolder(${JSON.stringify(run)}); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'pipe', 'inherit']});
    try {
      await once(child.stdout, 'data');
      const other = await refusal(removeRun(run));
      expect([other.code, other.message]).to.deep.equal([
        'locked',
        `${run}: process ${child.pid} is training this run; stop it first`,
      ]);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(readdirSync(join(run, 'checkpoints'))).to.have.length.above(0);
  });

  it('refuses a folder that holds no run', async () => {
    const notes = join(folder, 'notes');
    mkdirSync(notes);
    writeFileSync(join(notes, 'a.txt'), 'mine');
    const shipped = join(folder, 'shipped');
    mkdirSync(shipped);
    writeFileSync(join(shipped, 'manifest.json'), '{}');
    const sweep = join(folder, 'sweep');
    for (const name of ['a', 'b']) mkdirSync(join(sweep, name, 'checkpoints'), {recursive: true});
    for (const [path, code, message] of [
      [join(folder, 'nowhere'), 'not-found', /nowhere: expected a run, found nothing$/],
      [notes, 'not-found', /notes: expected a run, found none$/],
      [shipped, 'mismatch', /shipped: expected a run, found a checkpoint/],
      [sweep, 'not-found', /sweep: expected a run, found a folder with the runs a, b; name one of them$/],
      [folder, 'not-found', /expected a run, found /],
    ] as const) {
      const error = await refusal(removeRun(path));
      expect([error.code, path]).to.deep.equal([code, path]);
      expect(error.message).to.match(message);
    }
    expect(existsSync(join(notes, 'a.txt'))).to.equal(true);
    expect(existsSync(join(shipped, 'manifest.json'))).to.equal(true);
  });
});
