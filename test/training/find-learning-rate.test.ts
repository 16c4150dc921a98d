import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {
  drawScenes,
  findLearningRate,
  type FoundLearningRate,
  openDataset,
  prepareTraining,
  tf,
  Trainer,
  type TrainerOptions,
  type TrainingEvent,
} from 'captioner';
import {learningRateFigure} from 'captioner/dist/show/learning-rates';
import {refusal, temporaryFolder, writeElsewhere} from '../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from './toy';

describe('findLearningRate', () => {
  writeElsewhere();
  const folder = temporaryFolder();
  let toy: Toy;
  before(async () => {
    toy = await makeToy(folder);
  });

  /** Everything in a folder: names, sizes, times and content, but of the log, to which earlier steps are written a moment later. */
  function contentOf(path: string): unknown {
    if (!existsSync(path)) return [];
    return readdirSync(path, {recursive: true, encoding: 'utf8'})
      .filter((name) => name !== 'metrics.jsonl')
      .sort()
      .map((name) => {
        const file = join(path, name);
        const {mtimeMs, size} = statSync(file);
        return [name, statSync(file).isFile() ? readFileSync(file).toString('base64') : '', mtimeMs, size];
      });
  }

  async function twins(options: TrainerOptions, run: string): Promise<[Trainer, Trainer]> {
    const make = async (name: string): Promise<Trainer> =>
      Trainer.create({
        ...toy,
        decoder: toyDecoder(toy),
        run: join(folder, `${run}-${name}`),
        options: {...toyOptions, epochs: 4, ...options},
      });
    return [await make('plain'), await make('tested')];
  }

  for (const [what, options] of [
    ['with dropout', {}],
    [
      'with a moving average, accumulation and scheduled sampling',
      {emaDecay: 0.9, accumulate: 2, scheduledSampling: 0.5},
    ],
    ['with weight decay and a warm-up', {weightDecay: 0.01, warmup: 5}],
  ] as const)
    it(`leaves training as it was, to the bit, wherever it is tried: ${what}`, async () => {
      const [plain, tested] = await twins(options, what.replace(/\W/g, '-'));
      for (const [at, trainer] of [plain, tested].entries()) {
        for (let step = 0; step < 12; step++) {
          // Before the first step, in an epoch, and at its end.
          if (at === 1 && [0, 3, tested.stepsPerEpoch].includes(step)) {
            const before = [
              contentOf(tested.folder!),
              tf.memory().numTensors,
              tested.position,
              tested.history.steps.length,
            ];
            await findLearningRate(tested, {steps: 20, to: 10});
            const after = [
              contentOf(tested.folder!),
              tf.memory().numTensors,
              tested.position,
              tested.history.steps.length,
            ];
            expect(after).to.deep.equal(before);
          }
          trainer.step();
        }
        await trainer.train();
      }
      expect(tested.history.steps).to.deep.equal(plain.history.steps);
      expect(tested.history.epochs.map((epoch) => ({...epoch, seconds: 0}))).to.deep.equal(
        plain.history.epochs.map((epoch) => ({...epoch, seconds: 0})),
      );
      const weights = ({decoder}: Trainer): unknown =>
        [...decoder.weights.values()].map((one) => [...one.dataSync()]);
      expect(weights(tested)).to.deep.equal(weights(plain));
      for (const trainer of [plain, tested]) {
        trainer.close();
        trainer.decoder.dispose();
      }
    });

  it('leaves a fine-tuned encoder as it was', async () => {
    await drawScenes(join(folder, 'drawn'), {train: 8, validation: 2, test: 2});
    const dataset = await openDataset(join(folder, 'drawn'));
    const losses: number[][] = [];
    for (const tries of [false, true]) {
      const training = await prepareTraining(dataset, {
        ...{encoder: 'efficientnet-lite0', size: 96, fineTune: 'blocks.15', views: 2},
        decoderOptions: {units: 16, embedding: 8},
        trainerOptions: {epochs: 2, batch: 8, meteor: false},
      });
      training.trainer.step();
      if (tries) await findLearningRate(training.trainer, {steps: 10, to: 1});
      losses.push([1, 2, 3].map(() => training.trainer.step().loss));
      losses.at(-1)!.push(training.trainer.validationLoss());
      training.close();
    }
    expect(losses[1]).to.deep.equal(losses[0]);
  });

  describe('on a decoder without dropout', () => {
    let found: FoundLearningRate;
    let trainer: Trainer;
    before(async () => {
      trainer = await Trainer.create({
        ...toy,
        decoder: toyDecoder(toy, {dropout: 0, units: 32}),
        options: toyOptions,
      });
      found = await findLearningRate(trainer, {from: 1e-5, to: 100, steps: 80});
    });
    after(() => {
      trainer.close();
      trainer.decoder.dispose();
    });

    it('tries rates that grow exponentially, until the loss explodes', () => {
      const {points} = found;
      expect(points[0]!.learningRate).to.equal(1e-5);
      const factor = (100 / 1e-5) ** (1 / 79);
      for (const [at, {learningRate}] of points.slice(1).entries())
        expect(learningRate / points[at]!.learningRate).to.be.closeTo(factor, 1e-9);
      expect(points.length).to.be.below(80);
      const least = Math.min(...points.map(({smoothed}) => smoothed));
      expect(points.at(-1)!.smoothed).to.be.above(4 * least);
      for (const {smoothed} of points.slice(0, -1)) expect(smoothed).to.be.at.most(4 * least + 1e-9);
      // The moving average without a bias towards zero.
      expect(points[0]!.smoothed).to.be.closeTo(points[0]!.loss, 1e-12);
      const [a, b] = points as [(typeof points)[0], (typeof points)[0]];
      expect(b.smoothed).to.be.closeTo((0.09 * a.loss + 0.1 * b.loss) / 0.19, 1e-12);
    });

    it('suggests a rate that learns, between one too low and one too high', async () => {
      const {steepest, minimum, suggestion} = found;
      expect(steepest).to.be.below(minimum);
      expect(suggestion)
        .to.be.within(1e-4, 0.1)
        .and.to.be.at.most(minimum / 9);
      const lossAt = async (learningRate: number): Promise<number> => {
        const options = {...toyOptions, learningRate, schedule: 'constant' as const};
        const decoder = toyDecoder(toy, {dropout: 0, units: 32});
        const own = await Trainer.create({...toy, decoder, options});
        let loss = Infinity;
        try {
          for (let step = 0; step < 40; step++) ({loss} = own.step());
          return loss;
        } finally {
          own.close();
          decoder.dispose();
        }
      };
      const [low, good, high] = [await lossAt(suggestion / 100), await lossAt(suggestion), await lossAt(5)];
      expect(good).to.be.below(low).and.below(high);
    });

    it('lets training raise an alarm at a rate far beyond the suggestion', async () => {
      const alarms: string[] = [];
      for (const learningRate of [found.suggestion, 2 * found.minimum]) {
        trainer.learningRate = learningRate;
        const done = trainer.position.epoch;
        const onEvent = ({type, ...event}: TrainingEvent): void => {
          if (type === 'alarm' && 'kind' in event) alarms.push(`${done} ${event.kind}`);
        };
        const stop = new AbortController();
        const one = {onEvent, signal: stop.signal, onStep: () => stop.abort()};
        expect((await refusal(trainer.train({epochs: 1, ...one}))).code).to.equal('stopped');
      }
      expect(alarms).to.deep.equal(['0 learning-rate']);
    });

    it('is drawn against the logarithm of the rate, with the suggestion marked', () => {
      const {data, layout, text} = learningRateFigure(found);
      expect(layout!['xaxis']).to.include({type: 'log'});
      expect(data.at(-1)).to.deep.include({x: [found.suggestion], mode: 'markers'});
      expect(text).to.include(`suggested: ${found.suggestion}`);
    });
  });

  it('can be stopped, and has changed nothing then either', async () => {
    const trainer = await Trainer.create({...toy, decoder: toyDecoder(toy), options: toyOptions});
    const loss = trainer.validationLoss();
    const stop = new AbortController();
    const progress = () => ({
      update: (done: number) => Promise.resolve(done === 7 ? stop.abort() : undefined),
      finish: () => Promise.resolve(),
    });
    const error = await refusal(findLearningRate(trainer, {progress, signal: stop.signal}));
    expect([error.code, error.message]).to.deep.equal([
      'stopped',
      'Stopped after 7 of 100 rates; nothing was changed',
    ]);
    expect(trainer.validationLoss()).to.equal(loss);
    trainer.close();
    expect((await refusal(findLearningRate(trainer))).code).to.equal('closed');
    trainer.decoder.dispose();
  });

  it('refuses a range that is none, and self-critical training', async () => {
    const trainer = await Trainer.create({...toy, decoder: toyDecoder(toy), options: toyOptions});
    for (const options of [{from: 0}, {from: 1, to: 0.1}, {steps: 3}, {steps: 20.5}])
      expect((await refusal(findLearningRate(trainer, options))).message).to.match(
        /expected 0 < `from` < `to`/,
      );
    trainer.configure({objective: 'self-critical'});
    expect((await refusal(findLearningRate(trainer))).message).to.match(
      /expected the objective cross-entropy/,
    );
    trainer.close();
    trainer.decoder.dispose();
  });
});
