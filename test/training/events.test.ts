import {expect} from 'chai';
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {readEvents, tf, Trainer, type EpochEvent, type TrainingEvent} from 'captioner';
import {refusal, temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from './toy';

describe('Events of a training', () => {
  const folder = temporaryFolder();
  let toy: Toy;
  let runs = 0;
  const newRun = (): string => join(folder, `run-${runs++}`);
  const create = (run: string, options: object = {}): Promise<Trainer> =>
    Trainer.create({...toy, decoder: toyDecoder(toy), run, options: {...toyOptions, epochs: 2, ...options}});
  const logged = (run: string): TrainingEvent[] => readEvents(join(run, 'metrics.jsonl'));
  const types = (events: readonly TrainingEvent[]): string[] =>
    events.map(({type}) => type).filter((type, at, all) => type !== all[at - 1] && type !== 'alarm');

  before(async () => {
    toy = await makeToy(folder);
  });

  it('go to the callback and, the same objects, into the file', async () => {
    const run = newRun();
    const trainer = await create(run);
    const events: TrainingEvent[] = [];
    await trainer.train({onEvent: (event) => void events.push(event)});
    trainer.close();
    expect(types(events)).to.deep.equal([
      'begin',
      'step',
      'validation',
      'epoch',
      'step',
      'validation',
      'epoch',
      'end',
    ]);
    const written = logged(run);
    const but = (all: readonly TrainingEvent[]): TrainingEvent[] =>
      all.filter(({type}) => type !== 'validation');
    expect(but(written)).to.deep.equal(but(JSON.parse(JSON.stringify(events)) as TrainingEvent[]));

    const [begin] = events;
    if (begin?.type !== 'begin') return expect.fail('does not begin with begin');
    expect(begin).to.deep.include({
      ...{step: 0, epoch: 0, epochs: 2, until: 2, stepsPerEpoch: trainer.stepsPerEpoch, pid: process.pid},
      settings: trainer.options,
      data: {folder: toy.dataset.folder.split('/').at(-1), images: 30, captions: 90},
    });
    expect(begin.decoder).to.deep.equal({kind: 'lstm', options: trainer.decoder.options});
    expect(begin.encoder).to.deep.include({name: 'colours', digest: '0123456789abcdef'});

    const steps = events.filter((event) => event.type === 'step');
    const report = ({step, epoch, loss, learningRate, gradientNorm}: (typeof steps)[0]) => ({step, epoch, loss, learningRate, gradientNorm}); // prettier-ignore
    expect(steps.map(report)).to.deep.equal(trainer.history.steps);
    expect(steps.slice(0, trainer.stepsPerEpoch).reduce((sum, {words}) => sum + words, 0)).to.equal(
      toy.dataset.images
        .filter(({split}) => split === 'train')
        .flatMap(({captions}) => captions)
        .reduce((sum, caption) => sum + caption.split(' ').length + 1, 0),
    );
    for (const {seconds, images} of steps) expect(seconds > 0 && images >= 1 && images <= 8).to.equal(true);

    const epochs = events.filter((event) => event.type === 'epoch');
    for (const [at, event] of epochs.entries()) {
      const {epoch, step, loss, validationLoss, metrics, seconds, best, panel} = trainer.history.epochs[at]!;
      const captions = panel.map(({id, caption}) => ({id, caption}));
      expect(event).to.deep.include({
        epoch,
        step,
        loss,
        validationLoss,
        metrics,
        seconds,
        best,
        panel: captions,
      });
      expect(event.mostFrequent!.of).to.equal(6);
    }
    const last = events.filter((event) => event.type === 'validation').at(-1);
    expect(last).to.deep.include({unit: 'images', done: 6, total: 6});
  });

  it('are in the file also for steps that are taken by hand', async () => {
    const run = newRun();
    const trainer = await create(run);
    trainer.step();
    trainer.stepOn(trainer.nextBatch());
    await trainer.save();
    expect(types(logged(run))).to.deep.equal(['begin', 'step']);
    expect(logged(run).at(-1)!.step).to.equal(2);
    await trainer.train({epochs: 1});
    trainer.close();
    expect(types(logged(run))).to.deep.equal([
      'begin',
      'step',
      'resume',
      'step',
      'validation',
      'epoch',
      'stop',
    ]);
    expect((logged(run).find(({type}) => type === 'resume') as {until?: number}).until).to.equal(1);
  });

  it('tell a display that nothing is left to do, without a word in the file', async () => {
    const run = newRun();
    const trainer = await create(run);
    await trainer.train();
    const before = logged(run);
    const events: TrainingEvent[] = [];
    const onEvent = (event: TrainingEvent): void => void events.push(event);
    await trainer.train({onEvent});
    await trainer.train({epochs: 0, onEvent});
    trainer.close();
    expect(events.map(({type, step}) => [type, step])).to.deep.equal(
      Array(2).fill(['end', trainer.position.step]),
    );
    expect(logged(run)).to.deep.equal(before);
  });

  it('hold every step and epoch once after stops, and the seconds of an epoch of all sittings', async () => {
    const run = newRun();
    let trainer = await create(run, {epochs: 3});
    const perEpoch = trainer.stepsPerEpoch;
    const pause = 400;
    /** Stops in the middle of the first epoch, in the validation of the second and in the third. */
    for (const end of [3, 2 * perEpoch, 2 * perEpoch + 2]) {
      const stop = new AbortController();
      const onEvent = async ({type, step}: TrainingEvent): Promise<void> => {
        if (type !== 'step' || step !== end) return;
        await new Promise((resolve) => setTimeout(resolve, pause));
        stop.abort();
      };
      expect((await refusal(trainer.train({onEvent, signal: stop.signal}))).code).to.equal('stopped');
      expect(logged(run).at(-1)).to.include({type: 'stop', step: end});
      // Time between two sittings does not count.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      if (end === 2 * perEpoch) continue; // goes on in the same trainer
      trainer.close();
      trainer.decoder.dispose();
      trainer = await Trainer.resume(run, toy);
    }
    const start = performance.now();
    await trainer.train();
    const whole = (performance.now() - start) / 1000;
    trainer.close();
    const events = logged(run);
    const steps = events.filter(({type}) => type === 'step').map(({step}) => step);
    expect(steps).to.deep.equal(Array.from({length: 3 * perEpoch}, (_, at) => at + 1));
    const epochs = events.filter((event): event is EpochEvent => event.type === 'epoch');
    expect(epochs.map(({epoch}) => epoch)).to.deep.equal([1, 2, 3]);
    expect(epochs.map(({seconds}) => seconds)).to.deep.equal(
      trainer.history.epochs.map(({seconds}) => seconds),
    );
    for (const {seconds} of epochs) expect(seconds).to.be.above(pause / 1000);
    // The third epoch was stopped once: its time is more than that of its last sitting, and without the time between.
    const sittings = events.filter(({type}) => type === 'resume').length;
    expect(sittings).to.equal(3);
    expect(epochs[2]!.seconds).to.be.below(whole + pause / 1000 + 1);
    expect(events.at(-1)!.type).to.equal('end');
  });

  it('tell of an alarm before an error that numbers are not finite', async () => {
    const run = newRun();
    const trainer = await create(run);
    trainer.step();
    tf.tidy(() => {
      const weight = trainer.decoder.output.bias;
      weight.assign(tf.fill(weight.shape, NaN));
    });
    const events: TrainingEvent[] = [];
    const error = await refusal(trainer.train({onEvent: (event) => void events.push(event)}));
    expect(error.code).to.equal('diverged');
    expect(events.map(({type}) => type)).to.deep.equal(['resume', 'alarm', 'stop']);
    const alarm = logged(run).find((event) => event.type === 'alarm');
    expect(alarm).to.deep.include({kind: 'not-finite', step: 2, message: error.message});
    trainer.close();
  });

  it('survive processes that are killed: every step is in the file once', async function () {
    this.timeout(240_000);
    const run = newRun();
    const options = JSON.stringify({epochs: 400, saveEvery: 2, validationImages: 3, panelImages: 1});
    for (const delay of [150, 500, 900]) {
      const child = spawn(process.execPath, [join(__dirname, 'child.js'), folder, run, options]);
      let started: NodeJS.Timeout | undefined;
      child.stdout.on('data', (data: Buffer) => {
        if (/^step/m.test(data.toString())) started ??= setTimeout(() => child.kill('SIGKILL'), delay);
      });
      await new Promise((resolve) => child.once('close', resolve));
    }
    if (!existsSync(join(run, 'latest'))) return this.skip(); // too slow a machine to have saved anything
    const trainer = await Trainer.resume(run, toy);
    const {step} = trainer.position;
    const after = logged(run);
    expect(after.at(-1)!.step).to.be.at.most(step);
    trainer.step();
    trainer.close();
    const steps = logged(run).filter((event) => event.type === 'step');
    expect(steps.map((event) => event.step)).to.deep.equal(Array.from({length: step + 1}, (_, at) => at + 1));
    expect(steps.map(({loss}) => loss)).to.deep.equal(trainer.history.steps.map(({loss}) => loss));
    expect(after.filter(({type}) => type === 'epoch').length).to.equal(trainer.history.epochs.length);
  });

  it('leave a trainer able to go on after a callback has failed', async () => {
    const run = newRun();
    const trainer = await create(run);
    const failing = (): never => {
      throw new Error('of the callback');
    };
    const error = await trainer.train({onEvent: failing}).catch((reason: unknown) => reason);
    expect((error as Error).message).to.equal('of the callback');
    await trainer.train();
    expect(trainer.history.epochs).to.have.length(2);
    trainer.close();
  });
});
