import {
  type CaptionerError,
  type EpochReport,
  FeatureStore,
  metricNames,
  special,
  tf,
  Trainer,
  type TrainerParts,
  Vocabulary,
} from 'captioner';
import {expect} from 'chai';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {runToEnd, lossOf} from 'captioner/dist/training/validation';
import {refusal, temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyEncoder, toyOptions, type Toy} from './toy';

async function failure(work: Promise<unknown>): Promise<CaptionerError> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught as CaptionerError,
  );
  expect(error, 'an error').not.to.equal(undefined);
  return error!;
}

describe('Trainer', () => {
  const folder = temporaryFolder();
  let toy: Toy;
  let made: Trainer[] = [];
  let runs = 0;
  before(async () => {
    toy = await makeToy(folder);
  });
  afterEach(() => {
    for (const trainer of made) {
      trainer.close();
      trainer.decoder.dispose();
    }
    made = [];
  });

  /** Whether an epoch has a lower score than another, or the same and a greater loss. */
  const isWorse =
    (metric: string, {metrics, validationLoss}: EpochReport) =>
    (other: EpochReport): boolean =>
      other.metrics[metric] === metrics[metric]
        ? other.validationLoss > validationLoss
        : other.metrics[metric]! < metrics[metric]!;
  const newRun = (): string => join(folder, `run-${runs++}`);
  async function create(parts: Partial<TrainerParts> = {}, how: {replace?: boolean} = {}): Promise<Trainer> {
    const decoder = parts.decoder ?? toyDecoder(toy);
    const options = {...toyOptions, ...parts.options};
    const trainer = await Trainer.create({...toy, ...parts, decoder, options}, how);
    made.push(trainer);
    return trainer;
  }
  async function resume(run: string): Promise<Trainer> {
    const trainer = await Trainer.resume(run, toy);
    made.push(trainer);
    return trainer;
  }

  /** The same features, but those of one image are not numbers. */
  function poisoned(bad: string): FeatureStore {
    const {features: store} = toy;
    const {encoder, preprocessing, kind, depth, cells} = store;
    const read = (ids: readonly string[]): tf.Tensor =>
      tf.tidy(() => {
        const mask = tf.tensor2d(ids.map((id) => [id === bad ? NaN : 0]));
        return tf.add(store.read(ids), mask);
      });
    const has = (id: string): boolean => store.has(id);
    return {
      encoder,
      preprocessing,
      kind,
      depth,
      cells,
      folder: store.folder,
      has,
      read,
    } as unknown as FeatureStore;
  }

  describe('step', () => {
    it('begins at the loss of a blind guess and reports what it did', async () => {
      const trainer = await create();
      const guess = Math.log(toy.vocabulary.size);
      expect(trainer.validationLoss()).to.be.closeTo(guess, 0.2);
      const report = trainer.step();
      expect(report).to.include({step: 1, epoch: 1, learningRate: 0.01});
      expect(report.loss).to.be.closeTo(guess, 0.3);
      expect(report.gradientNorm).to.be.above(0);
      expect(trainer.history.steps).to.deep.equal([report]);
    });

    it('learns from the batch that nextBatch shows, epoch after epoch', async () => {
      const trainer = await create();
      const seen = new Map<string, number>();
      for (let k = 0; k < 2 * trainer.stepsPerEpoch; k++) {
        const {ids} = trainer.nextBatch();
        for (const id of ids) seen.set(id, (seen.get(id) ?? 0) + 1);
        expect(trainer.step().epoch).to.equal(k < trainer.stepsPerEpoch ? 1 : 2);
      }
      expect([...seen.values()]).to.deep.equal(Array(18).fill(6)); // 18 images, three captions each, twice
      expect(trainer.position).to.include({step: 2 * trainer.stepsPerEpoch, epoch: 1});
    });

    it('learns one batch by heart', async () => {
      const decoder = toyDecoder(toy, {units: 48, embedding: 24, dropout: 0});
      const trainer = await create({decoder, options: {learningRate: 0.02, schedule: 'constant', seed: 2}});
      const batch = trainer.nextBatch();
      const place = trainer.position.batch;
      let loss = Infinity;
      for (let k = 0; k < 150; k++) ({loss} = trainer.stepOn(batch));
      expect(loss).to.be.below(0.35); // the same image has several captions, so zero is out of reach
      expect(trainer.position.batch).to.equal(place);
    });

    it('follows the schedule, and a rate that is changed between steps', async () => {
      const trainer = await create({options: {epochs: 2, warmup: 2}});
      expect(trainer.step().learningRate).to.equal(0.005);
      expect(trainer.step().learningRate).to.equal(0.01);
      trainer.learningRate = 0.1;
      expect(trainer.step().learningRate).to.equal(0.1);
      expect(trainer.step().learningRate).to.be.below(0.1);
      expect(() => (trainer.learningRate = NaN))
        .to.throw('`learningRate`')
        .with.property('code', 'options');
      expect(() => trainer.configure({batch: 4})).to.throw('order of the captions');
      expect(trainer.learningRate).to.equal(0.1);
    });

    it('stops before a loss that is not finite is applied, and names step, images and gradient', async () => {
      const run = newRun();
      const good = await create({run, options: {batch: 54}});
      good.step();
      await good.save();
      good.close();
      const trainer = await Trainer.resume(run, {...toy, features: poisoned('green-on-red.png')});
      made.push(trainer);
      const weights = () => [...trainer.decoder.weights.values()].map((weight) => [...weight.dataSync()]);
      const before = weights();
      const {numTensors} = tf.memory();
      expect(() => trainer.step())
        .to.throw(
          /^step 2: expected finite numbers, got loss NaN and gradient norm NaN.*features of green-on-red\.png/,
        )
        .with.property('code', 'diverged');
      expect(weights()).to.deep.equal(before);
      expect(tf.memory().numTensors).to.equal(numTensors);
      expect(trainer.position.step).to.equal(1);
      trainer.close();
      expect((await resume(run)).step().step).to.equal(2);
    });

    it('leaks no tensors over 500 steps and ten epochs', async () => {
      const trainer = await create({run: newRun(), options: {epochs: 100}});
      trainer.step();
      await trainer.epoch();
      const {numTensors, numBytes} = tf.memory();
      for (let k = 0; k < 500; k++) trainer.step();
      expect(tf.memory().numTensors).to.equal(numTensors);
      for (let k = 0; k < 10; k++) await trainer.epoch();
      expect(tf.memory().numTensors).to.equal(numTensors);
      expect(tf.memory().numBytes).to.equal(numBytes);
    });

    it('gives back all tensors when it is closed', async () => {
      const decoder = toyDecoder(toy);
      const {numTensors} = tf.memory();
      const trainer = await create({decoder, run: newRun()});
      trainer.step();
      trainer.close();
      trainer.close();
      expect(tf.memory().numTensors).to.equal(numTensors);
    });
  });

  describe('train', () => {
    it('lowers both losses and reports scores and the same images after every epoch', async () => {
      const trainer = await create({options: {epochs: 4, meteor: true}});
      const steps: number[] = [];
      const epochs: number[] = [];
      await trainer.train({
        onStep: ({step}) => void steps.push(step),
        onEpoch: ({epoch}) => void epochs.push(epoch),
      });
      expect(steps).to.have.length(4 * trainer.stepsPerEpoch);
      expect(epochs).to.deep.equal([1, 2, 3, 4]);
      const [first, , , last] = trainer.history.epochs;
      expect(last!.loss).to.be.below(first!.loss);
      expect(last!.validationLoss).to.be.below(first!.validationLoss);
      expect(last!.metrics).to.have.all.keys(...metricNames);
      const test = toy.dataset.images.filter(({split}) => split === 'test').slice(0, 2);
      for (const {panel} of [first!, last!])
        expect(panel.map(({id, references}) => ({id, references}))).to.deep.equal(
          test.map(({id, captions}) => ({id, references: captions})),
        );
    });

    it('lets other events through and leaves no listener behind', async () => {
      const trainer = await create({options: {epochs: 5}});
      const listeners = process.listenerCount('SIGINT');
      let [longest, last] = [0, performance.now()];
      const clock = setInterval(() => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }, 5);
      let during = 0;
      await trainer.train({onStep: () => void (during = process.listenerCount('SIGINT'))});
      clearInterval(clock);
      expect(during).to.equal(listeners + 1);
      expect(process.listenerCount('SIGINT')).to.equal(listeners);
      expect(longest).to.be.above(0).and.below(1000);
    });

    it('stops where it is when it is asked to, also while it looks at validation, and loses nothing', async () => {
      const run = newRun();
      const trainer = await create({run, options: {epochs: 2}});
      const stop = new AbortController();
      // The last step of the epoch: what comes next is validation.
      const onStep = ({step}: {step: number}): void => {
        if (step === trainer.stepsPerEpoch) stop.abort();
      };
      const error = await refusal(trainer.train({onStep, signal: stop.signal}));
      expect(error.code).to.equal('stopped');
      expect(error.message).to.equal(
        `Stopped at step ${trainer.stepsPerEpoch} of ${2 * trainer.stepsPerEpoch}, saved`,
      );
      expect(trainer.history.epochs).to.have.length(0);
      trainer.close();
      const resumed = await resume(run);
      expect(resumed.position).to.include({epoch: 0, batch: resumed.stepsPerEpoch});
      await resumed.train();
      expect(resumed.history.epochs.map(({epoch}) => epoch)).to.deep.equal([1, 2]);
    });

    it('ends when patience does', async () => {
      const trainer = await create({options: {epochs: 50, learningRate: 1e-6, patience: 3}});
      await trainer.train();
      const best = trainer.history.epochs.map((report) => report.best).lastIndexOf(true);
      expect(trainer.history.epochs.length)
        .to.equal(best + 1 + 3)
        .and.to.be.below(50);
      // It has ended, unless more is asked for.
      await trainer.train();
      expect(trainer.history.epochs).to.have.length(best + 4);
      await trainer.train({epochs: 1});
      expect(trainer.history.epochs).to.have.length(best + 5);
    });

    it('refuses to choose by truth where it is not known', async () => {
      const error = await refusal(create({options: {selectBy: 'factual'}}));
      expect([error.code, error.message]).to.deep.equal([
        'options',
        'trainer: `selectBy`: expected a metric other than `factual`, which requires a dataset that can verify captions, such as the drawn scenes',
      ]);
    });

    it('does not end by patience where nothing is judged', async () => {
      const trainer = await create({options: {epochs: 3, validationImages: 0, patience: 1}});
      await trainer.train();
      expect(trainer.history.epochs).to.have.length(3);
    });

    it('judges and saves the weights themselves again when there is no moving average any more', async () => {
      const trainer = await create({options: {epochs: 4, emaDecay: 0.999}});
      await trainer.train({epochs: 1});
      trainer.configure({emaDecay: 0});
      await trainer.train({epochs: 1});
      const {validationLoss} = trainer.history.epochs.at(-1)!;
      const examples = toy.dataset.images
        .filter(({split}) => split === 'validation')
        .flatMap(({id, captions}) =>
          captions.map((caption) => ({id, tokens: toy.vocabulary.encode(caption)})),
        );
      expect(runToEnd(lossOf(trainer.decoder, toy.features, examples))).to.be.closeTo(validationLoss, 1e-6);
    });

    it('never learns that a caption ends where it was only cut', async () => {
      const trainer = await create({options: {maximumLength: 4}});
      const {inputs, targets, size, steps} = trainer.nextBatch();
      const rows = Array.from({length: size}, (_, row) => targets.slice(row * steps, (row + 1) * steps));
      const cut = rows.filter((_, row) => inputs[row * steps + 4]! > 0);
      expect(cut).to.not.have.length(0);
      for (const [row, words] of rows.entries()) {
        const length = inputs.slice(row * steps, (row + 1) * steps).filter((id) => id > 0).length - 1;
        // "a red square" ends after three words; the others have more than four.
        expect(words[length]).to.equal(length === 4 ? special.padding : special.end);
      }
    });

    for (const metric of ['BLEU-2', 'METEOR', 'ROUGE-L'] as const)
      it(`knows the best epoch by ${metric} when it is told to`, async () => {
        const trainer = await create({options: {epochs: 6, selectBy: metric}});
        await trainer.train();
        const {epochs} = trainer.history;
        const scores = epochs.map(({metrics}) => metrics[metric]!);
        expect(new Set(scores).size).to.be.above(1);
        for (const [at, {best}] of epochs.entries())
          expect(best, `epoch ${at + 1}`).to.equal(epochs.slice(0, at).every(isWorse(metric, epochs[at]!)));
        expect(() => trainer.configure({selectBy: 'CIDEr-D'})).to.throw(
          '`selectBy` decides which epoch is the best',
        );
      });

    it('keeps the best checkpoint by CIDEr-D and the two newest', async () => {
      const run = newRun();
      const trainer = await create({run, options: {epochs: 8}});
      await trainer.train();
      const reports = trainer.history.epochs;
      const scores = reports.map(({metrics}) => metrics['CIDEr-D']!);
      const ties = reports.filter((_, at) => scores[at] === Math.max(...scores));
      const best = ties.reduce((one, other) => (other.validationLoss < one.validationLoss ? other : one));
      const name = (step: number): string => `step-${String(step).padStart(9, '0')}`;
      expect(readFileSync(join(run, 'best'), 'utf8').trim()).to.equal(name(best.step));
      expect(readFileSync(join(run, 'latest'), 'utf8').trim()).to.equal(name(reports[7]!.step));
      const expected = new Set([best.step, reports[6]!.step, reports[7]!.step].map(name));
      expect(new Set(readdirSync(join(run, 'checkpoints')))).to.deep.equal(expected);
    });
  });

  describe('create', () => {
    it('leaves out images without features and says which', async () => {
      const some = toy.dataset.images.slice(4);
      const store = await FeatureStore.build(toyEncoder, some, join(folder, 'some-features'));
      const trainer = await create({features: store});
      expect(trainer.leftOut).to.deep.equal(toy.dataset.images.slice(0, 4).map(({id}) => id));
      trainer.step();
    });

    it('refuses features that are not finite, by name', async () => {
      const error = await failure(create({features: poisoned('green-on-red.png')}));
      expect(error).to.have.property('code', 'diverged');
      expect(error.message).to.include('green-on-red.png');
    });

    it('refuses parts that do not belong together', async () => {
      const vocabulary = Vocabulary.from(['a b c'], {minimumCount: 1});
      const error = await failure(create({vocabulary}));
      expect(error).to.have.property('code', 'mismatch');
      expect(error.message).to.equal(
        `Trainer: expected the decoder's vocabulary ${vocabulary.size}, got ${toy.vocabulary.size}`,
      );
      const empty = {...toy.dataset, images: []};
      expect(await failure(create({dataset: empty}))).to.have.property('code', 'dataset');
      expect(await failure(create({options: {epochs: 0}}))).to.have.property('code', 'options');
    });

    it('touches an earlier run only when told to, and then nothing else in its folder', async () => {
      const run = newRun();
      const first = await create({run});
      first.step();
      await first.save();
      first.close();
      const numbered = await create({run});
      expect(numbered.folder).to.equal(`${run}-2`);
      numbered.close();
      // What would fail must not cost the earlier run.
      await failure(create({run, options: {learningRate: -1}}, {replace: true}));
      await failure(create({run, vocabulary: Vocabulary.from(['a'], {minimumCount: 1})}, {replace: true}));
      expect(readdirSync(join(run, 'checkpoints'))).to.deep.equal(['step-000000001']);

      writeFileSync(join(run, 'notes.txt'), 'mine');
      const own = join(run, 'checkpoints', 'step-000000000');
      mkdirSync(own);
      writeFileSync(join(own, 'precious.bin'), 'mine');
      const second = await create({run}, {replace: true});
      expect(existsSync(join(run, 'latest'))).to.equal(false);
      expect(readdirSync(join(run, 'checkpoints'))).to.deep.equal(['step-000000000']);
      second.step();
      await second.save();
      expect(readFileSync(join(own, 'precious.bin'), 'utf8')).to.equal('mine');
      expect(existsSync(join(run, 'notes.txt'))).to.equal(true);
    });
  });

  describe('resume', () => {
    it('keeps a changed rate and other changed options', async () => {
      const run = newRun();
      const first = await create({run});
      first.learningRate = 0.003;
      first.configure({clipNorm: 1, epochs: 30});
      await first.save();
      first.close();
      const second = await resume(run);
      expect(second.options).to.deep.equal(first.options);
      expect(second.options).to.include({learningRate: 0.003, clipNorm: 1, epochs: 30});
    });

    it('refuses other captions and features of another encoder', async () => {
      const run = newRun();
      const first = await create({run});
      await first.save();
      first.close();
      const [image, ...others] = toy.dataset.images;
      const images = [{...image!, captions: ['a red circle']}, ...others];
      const dataset = {...toy.dataset, images};
      const {numTensors} = tf.memory();
      const changed = await failure(Trainer.resume(run, {...toy, dataset}));
      expect(changed).to.have.property('code', 'mismatch');
      expect(changed.message).to.include('expected the captions it was trained on');
      const encoder = {...toyEncoder, digest: 'fedcba9876543210'};
      const store = await FeatureStore.build(encoder, toy.dataset.images, join(folder, 'other-features'));
      const other = await failure(Trainer.resume(run, {...toy, features: store}));
      expect(other).to.have.property('code', 'mismatch');
      expect(other.message).to.include('colours (01234567, 16 pixels, stretch)').and.to.include('(fedcba98');
      expect(tf.memory().numTensors).to.equal(numTensors);
    });
  });
});
