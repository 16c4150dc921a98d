import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync, mkdirSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {listRuns, type RunSummary, Trainer, type TrainerOptions} from 'captioner';
import {projectRoot, temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from './toy';

describe('listRuns', () => {
  const folder = temporaryFolder();
  const parent = join(folder, 'checkpoints');
  let toy: Toy;
  const named = (name: string): RunSummary => listRuns(parent).find((run) => run.name === name)!;

  async function train(name: string, options: TrainerOptions, epochs?: number, units = 16): Promise<Trainer> {
    const decoder = toyDecoder(toy, {units});
    const run = join(parent, name);
    const trainer = await Trainer.create({...toy, decoder, run, options: {...toyOptions, ...options}});
    await trainer.train(epochs === undefined ? {} : {epochs});
    trainer.close();
    decoder.dispose();
    return trainer;
  }

  before(async () => {
    toy = await makeToy(folder);
    mkdirSync(parent);
  });

  it('tells what a complete run was and how good it became', async () => {
    const {history, position} = await train('complete', {
      epochs: 3,
      learningRate: 0.005,
      clipNorm: 2,
      seed: 7,
    });
    const run = named('complete');
    expect(run).to.deep.include({
      folder: join(parent, 'complete'),
      state: 'complete',
      decoder: 'lstm',
      encoder: 'colours, 16 pixels',
      epochs: 3,
      plannedEpochs: 3,
      step: position.step,
    });
    expect(run.settings).to.include({
      units: 16,
      embedding: 12,
      learningRate: 0.005,
      clipNorm: 2,
      batch: 8,
      seed: 7,
    });
    // Defaults for few captions are nobody's choice, and a seed is no setting.
    expect(run.changed).to.deep.equal({
      ...{embedding: 12, units: 16, dropout: 0.3, epochs: 3, batch: 8, learningRate: 0.005},
      ...{clipNorm: 2, meteor: false, panelImages: 2, beams: 2},
    });
    const best = history.epochs.find(({step}) => step === position.best!.step)!;
    expect(run.best).to.deep.include({epoch: best.epoch, metrics: best.metrics, intervals: best.intervals});
    const {low, high} = run.best!.intervals!['CIDEr-D']!;
    expect(best.metrics['CIDEr-D']).to.be.within(low, high);
    expect(run.history.map(({epoch}) => epoch)).to.deep.equal([1, 2, 3]);
    expect(run.seconds).to.be.closeTo(
      history.epochs.reduce((sum, {seconds}) => sum + seconds, 0),
      1e-9,
    );
    expect(Date.now() - Date.parse(run.date)).to.be.within(0, 60_000);
  });

  it('tells a run that was stopped, one that ended by patience, and one without an epoch', async () => {
    await train('stopped', {epochs: 5}, 1);
    expect(named('stopped')).to.include({state: 'stopped', epochs: 1, plannedEpochs: 5});
    // With so low a rate no epoch is better than the first.
    await train('patient', {epochs: 50, patience: 1, learningRate: 1e-9, schedule: 'constant'});
    expect(named('patient')).to.include({state: 'complete', plannedEpochs: 50});
    expect(named('patient').epochs).to.be.below(50);

    const options = {...toyOptions, epochs: 5};
    const opened = await Trainer.create({
      ...toy,
      decoder: toyDecoder(toy),
      run: join(parent, 'opened'),
      options,
    });
    expect(named('opened')).to.include({state: 'running', pid: process.pid, epochs: 0});
    opened.step();
    opened.close();
    expect(named('opened')).to.include({state: 'no epoch yet', epochs: 0, seconds: 0, decoder: 'lstm'});
    expect(named('opened')).to.not.have.any.keys('pid', 'best');
    opened.decoder.dispose();
  });

  it('tells which process trains a run, until that is killed', async () => {
    const run = join(parent, 'child');
    const options = {...toyOptions, epochs: 10_000, validationImages: 3, panelImages: 1};
    const child = spawn(
      process.execPath,
      [join(__dirname, 'child.js'), folder, run, JSON.stringify(options)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let out = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    while (!/step 20 /.test(out)) await once(child.stdout, 'data');
    expect(named('child')).to.include({state: 'running', pid: child.pid});
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(named('child').state).to.be.oneOf(['stopped', 'no epoch yet']);
  });

  it('reads what only the log knows yet: the data, later epochs, and settings before the first checkpoint', async () => {
    await train('logged', {epochs: 8}, 1);
    const log = join(parent, 'logged', 'metrics.jsonl');
    rmSync(log, {force: true});
    const line = (event: object): void => appendFileSync(log, `${JSON.stringify(event)}\n`);
    const begin = {
      ...{type: 'begin', time: '2026-01-01T10:00:00.000Z', step: 0, settings: {epochs: 8, batch: 8}},
      ...{decoder: {kind: 'lstm', options: {units: 16}}, encoder: 'colours'},
      data: {folder: 'toy', images: 30, captions: 54},
    };
    line(begin);
    for (const epoch of [1, 2])
      line({
        ...{
          type: 'epoch',
          time: '2026-01-01T10:01:00.000Z',
          step: 7 * epoch,
          epoch,
          loss: 2,
          validationLoss: null,
        },
        ...{metrics: {'CIDEr-D': 0.5}, seconds: 10 * epoch},
      });
    line({type: 'step', time: '2099-01-01T10:02:00.000Z', step: 20, epoch: 3, loss: 1});
    appendFileSync(log, '{"type":"step","ti'); // killed while it wrote
    const run = named('logged');
    expect(run).to.include({data: 'toy', epochs: 2, step: 20, seconds: 30, date: '2099-01-01T10:02:00.000Z'});
    expect(run.history.map(({epoch}) => epoch)).to.deep.equal([1, 2]);
    expect(run.history[1]!.validationLoss).to.be.NaN;

    mkdirSync(join(parent, 'young', 'checkpoints'), {recursive: true});
    writeFileSync(join(parent, 'young', 'metrics.jsonl'), `${JSON.stringify(begin)}\n`);
    expect(named('young')).to.deep.include({
      ...{state: 'no epoch yet', decoder: 'lstm', data: 'toy', plannedEpochs: 8},
      settings: {units: 16, epochs: 8, batch: 8},
    });
  });

  it('passes over a damaged checkpoint, what is no run, and lists runs of folders within', async () => {
    await train(join('sweep', 'a'), {epochs: 1});
    mkdirSync(join(parent, 'shipped', 'checkpoints'), {recursive: true});
    writeFileSync(join(parent, 'shipped', 'manifest.json'), '{}');
    writeFileSync(join(parent, 'README.md'), '# runs');
    mkdirSync(join(parent, 'damaged', 'checkpoints', 'step-000000007'), {recursive: true});
    writeFileSync(join(parent, 'damaged', 'checkpoints', 'step-000000007', 'checkpoint.json'), '{"ver');
    const names = listRuns(parent).map(({name}) => name);
    expect(names).to.include.members([join('sweep', 'a'), 'damaged', 'complete']);
    expect(names).to.not.include.members(['shipped', 'README.md', 'sweep']);
    expect(named('damaged')).to.include({state: 'no epoch yet', epochs: 0});
    expect(listRuns(join(parent, 'sweep')).map(({name}) => name)).to.deep.equal(['a']);
    expect(listRuns(join(parent, 'complete')).map(({name}) => name)).to.deep.equal(['complete']);
    expect(() => listRuns(join(folder, 'nowhere'))).to.throw('expected a folder with runs, found nothing');
  });

  it('puts the newest first', () => {
    const dates = listRuns(parent).map(({date}) => date);
    expect(dates).to.deep.equal([...dates].sort().reverse());
    const [old] = listRuns(parent).filter(({name}) => name === 'complete');
    const checkpoint = join(old!.folder, 'checkpoints', `step-${String(old!.step).padStart(9, '0')}`);
    utimesSync(checkpoint, new Date('2020-01-01'), new Date('2020-01-01'));
    expect(listRuns(parent).at(-1)!.name).to.equal('complete');
  });

  it('loads no TensorFlow', () => {
    const file = join(projectRoot, 'lib', 'dist', 'training', 'list-runs.js');
    const script = `require(${JSON.stringify(file)}).listRuns(${JSON.stringify(parent)}); console.log(JSON.stringify(Object.keys(require.cache)))`;
    const {stdout} = spawnSync(process.execPath, ['-e', script], {encoding: 'utf8'});
    const loaded = JSON.parse(stdout) as string[];
    expect(loaded.length).to.be.above(5);
    expect(loaded.filter((file) => /tfjs|[/\\](tensorflow|metrics)[/\\]/.test(file))).to.deep.equal([]);
  });
});
