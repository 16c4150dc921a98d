import {expect} from 'chai';
import {spawn} from 'node:child_process';
import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {AugmentedFeatures, Trainer, type TrainerOptions} from 'captioner';
import {readFolderVerified} from 'captioner/dist/files/atomic';
import {draws, refusal, temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from './toy';

const epochs = 6;

function weightsOf({decoder}: Trainer): number[][] {
  return [...decoder.weights.values()].map((weight) => [...weight.dataSync<'float32'>()]);
}

describe('Resuming', () => {
  const folder = temporaryFolder();
  let toy: Toy;
  before(async () => {
    toy = await makeToy(folder);
  });

  const ways: readonly (readonly [string, TrainerOptions])[] = [
    ['cross entropy', {}],
    ['a rate that falls in steps', {schedule: 'step', decay: 0.5, decayEvery: 2}],
    ['a rate that falls on plateaus', {schedule: 'plateau', decay: 0.5, decayEvery: 1, selectBy: 'BLEU-1'}],
    [
      'a moving average, accumulation and scheduled sampling',
      {emaDecay: 0.9, accumulate: 2, scheduledSampling: 0.5},
    ],
    ['products in bfloat16', {precision: 'bfloat16'}],
    ['self-critical training', {objective: 'self-critical', captionsPerImage: 3, samples: 2}],
  ];
  for (const [what, more] of ways)
    it(`gives the losses, scores and weights of an uninterrupted run, to the bit, over 20 interruptions: ${what}`, async () => {
      const options = {...toyOptions, epochs, warmup: 5, saveEvery: 4, ...more};
      const whole = await Trainer.create({...toy, decoder: toyDecoder(toy), options});
      const perEpoch = whole.stepsPerEpoch;
      const total = epochs * perEpoch;
      const changed = Math.floor(total / 2);
      const slower = (step: number, trainer: Trainer): void => {
        if (step === changed) trainer.learningRate = 0.004;
      };
      await whole.train({onStep: ({step}) => slower(step, whole)});
      expect(whole.history.steps).to.have.length(total);
      if (more.schedule === 'plateau')
        expect(whole.history.epochs.slice(0, -1).map(({best}) => best)).to.include(false);

      const run = join(folder, `interrupted-${what}`);
      let trainer = await Trainer.create({...toy, decoder: toyDecoder(toy), run, options});
      const losses = new Map<number, number>();
      const interruptions = draws(20, total - 1, 7).map((step) => step + 1);
      expect(new Set(interruptions.map((step) => step % perEpoch)).size).to.be.above(
        Math.min(4, perEpoch - 1),
      );
      let resumed = 0;
      for (const end of [...interruptions.sort((a, b) => a - b), total]) {
        const stop = new AbortController();
        const training = trainer.train({
          onStep: ({step, loss}) => {
            losses.set(step, loss);
            slower(step, trainer);
            if (step === end && end < total) stop.abort();
          },
          signal: stop.signal,
        });
        if (end === total) {
          await training;
          break;
        }
        expect((await refusal(training)).code, `at step ${end}`).to.equal('stopped');
        trainer.close();
        trainer.decoder.dispose();
        trainer = await Trainer.resume(run, toy);
        expect(trainer.position.step).to.equal(end);
        resumed++;
      }
      expect(resumed).to.equal(20);
      expect([...losses.values()]).to.deep.equal(whole.history.steps.map(({loss}) => loss));
      expect(trainer.history.steps).to.deep.equal(whole.history.steps);
      const judged = ({history}: Trainer) => history.epochs.map((report) => ({...report, seconds: 0}));
      expect(judged(trainer)).to.deep.equal(judged(whole));
      expect(trainer.position).to.deep.equal(whole.position);
      expect(weightsOf(trainer)).to.deep.equal(weightsOf(whole));
      for (const {decoder} of [trainer, whole]) decoder.dispose();
      trainer.close();
      whole.close();
    });

  it('loses nothing but the steps since the last checkpoint, and repeats those exactly', async () => {
    const run = join(folder, 'forgetful');
    const first = await Trainer.create({...toy, decoder: toyDecoder(toy), run, options: toyOptions});
    for (let step = 0; step < 5; step++) first.step();
    await first.save();
    const after = Array.from({length: 12}, () => first.step().loss);
    first.close();
    const second = await Trainer.resume(run, toy);
    expect(second.position.step).to.equal(5);
    expect(Array.from({length: 12}, () => second.step().loss)).to.deep.equal(after);
    second.close();
  });

  it('goes on with the views that it was learning from: as many, and mirrored as they were', async () => {
    const run = join(folder, 'mirrored');
    const seen = (mirrored: boolean) => new AugmentedFeatures(toy.features, [toy.features], mirrored);
    const first = await Trainer.create({
      ...{...toy, features: seen(false), decoder: toyDecoder(toy), run},
      options: toyOptions,
    });
    first.step();
    await first.save();
    first.close();
    const {code, message} = await refusal(Trainer.resume(run, {...toy, features: seen(true)}));
    expect([code, message]).to.deep.equal([
      'mismatch',
      `${run}: expected views without mirror images, which it was trained on, got views with mirror images`,
    ]);
    expect((await refusal(Trainer.resume(run, toy))).message).to.match(
      /expected features in 2 views, .* got 1$/,
    );
    const second = await Trainer.resume(run, {...toy, features: seen(false)});
    expect(second.position.step).to.equal(1);
    second.close();
  });

  it('takes all steps of a run in the same way, compiled or op by op', async () => {
    const run = join(folder, 'compiled');
    const first = await Trainer.create({...toy, decoder: toyDecoder(toy), run, options: toyOptions});
    first.step();
    await first.save();
    first.close();
    process.env['CAPTIONER_EAGER'] = '1';
    try {
      const {code, message} = await refusal(Trainer.resume(run, toy));
      expect([code, message]).to.deep.equal([
        'mismatch',
        `${run}: expected to take steps compiled, as the run did so far, got steps op by op, which round differently; unset CAPTIONER_EAGER; if it is not set, \`npx captioner doctor\` says why functions are not compiled`,
      ]);
    } finally {
      delete process.env['CAPTIONER_EAGER'];
    }
    const second = await Trainer.resume(run, toy);
    expect(second.position.step).to.equal(1);
    second.close();
  });

  it('never loads a corrupt checkpoint and loses one interval at most, over 40 processes killed with -9', async function () {
    this.timeout(400_000);
    const interval = 2;
    const options = {epochs: 400, saveEvery: interval, validationImages: 3, panelImages: 1};
    let whileSaving = 0;
    const killed = async (chain: number): Promise<void> => {
      const run = join(folder, `killed-${chain}`);
      const losses = new Map<number, number>();
      let reached = 0;
      for (const delay of draws(20, 500, chain)) {
        const {from, steps, skipped, failed} = await runAndKill(run, options, delay);
        expect(failed).to.deep.equal([]);
        expect(skipped).to.deep.equal([]);
        expect(from)
          .to.be.at.most(reached)
          .and.at.least(reached - interval);
        for (const [step, loss] of steps) {
          expect(losses.get(step) ?? loss, `step ${step}`).to.equal(loss);
          losses.set(step, loss);
          reached = Math.max(reached, step);
        }
        const names = readdirSync(join(run, 'checkpoints'));
        if (names.some((name) => name.endsWith('.tmp'))) whileSaving++;
        for (const name of names)
          if (name.startsWith('step-')) await readFolderVerified(join(run, 'checkpoints', name));
      }
      expect(reached).to.be.above(10);
      const last = await Trainer.resume(run, toy);
      expect(readdirSync(join(run, 'checkpoints')).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
      last.close();
    };
    await Promise.all([killed(1), killed(2)]);
    expect(whileSaving, 'processes that were killed while they saved').to.be.above(0);
  });

  it('stops at the next step when it is interrupted, saves, and goes on from there', async () => {
    const run = join(folder, 'interrupt');
    const options = {epochs: 400, saveEvery: 100_000, validationImages: 3, panelImages: 1};
    const child = start(run, options);
    let interrupted = false;
    child.process.stdout.on('data', () => {
      if (interrupted || !child.lines().some((line) => line.startsWith('step 10 '))) return;
      interrupted = child.process.kill('SIGINT');
    });
    const code = await child.ended;
    expect(code, child.errors()).to.equal(0);
    const steps = child.lines().filter((line) => line.startsWith('step '));
    expect(child.lines().at(-1)).to.equal(`stopped ${steps.length}`);
    const trainer = await Trainer.resume(run, toy);
    expect(trainer.position.step).to.equal(steps.length);
    expect(trainer.step().step).to.equal(steps.length + 1);
    trainer.close();
  });

  function start(run: string, options: object) {
    const script = join(__dirname, 'child.js');
    const child = spawn(process.execPath, [script, folder, run, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, errors] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    const ended = new Promise<number | null>((done) => child.once('close', done));
    return {process: child, lines: () => out.split('\n').slice(0, -1), errors: () => errors, ended};
  }

  /** Kills it `delay` milliseconds after its third step, so that it gets ahead however slow the machine is. */
  async function runAndKill(run: string, options: object, delay: number) {
    const child = start(run, options);
    let waiting: NodeJS.Timeout | undefined;
    child.process.stdout.on('data', () => {
      if (child.lines().filter((line) => line.startsWith('step')).length >= 3)
        waiting ??= setTimeout(() => child.process.kill('SIGKILL'), delay);
    });
    await child.ended;
    const lines = child.lines().map((line) => line.split(' '));
    const of = (word: string): string[][] => lines.filter(([first]) => first === word);
    return {
      from: Number(of('from')[0]?.[1]),
      steps: of('step').map(([, step, loss]) => [Number(step), Number(loss)] as const),
      skipped: of('skipped'),
      failed: of('failed'),
    };
  }

  it('does not make a folder for a run that is not there', async () => {
    const missing = join(folder, 'no-such-run');
    const error = await Trainer.resume(missing, toy).catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'not-found');
    expect(existsSync(missing)).to.equal(false);
  });
});
