import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {
  type Dataset,
  drawScenes,
  loadCheckpoint,
  openDataset,
  prepareTraining,
  tf,
  Trainer,
  type TrainingRecipe,
} from 'captioner';
import {refusal, temporaryFolder, writeElsewhere} from '../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from './toy';

describe('Opening a run again in one process', () => {
  writeElsewhere();
  const folder = temporaryFolder();

  describe('by Trainer.create and Trainer.resume', () => {
    let toy: Toy;
    before(async () => {
      toy = await makeToy(folder);
    });

    it('closes the trainer before, whose methods say so', async () => {
      const run = join(folder, 'again');
      const decoder = toyDecoder(toy);
      const parts = {...toy, decoder, run, options: toyOptions};
      const first = await Trainer.create(parts);
      const {numTensors} = tf.memory();
      first.step();
      const second = await Trainer.create(parts);
      expect(tf.memory().numTensors).to.equal(numTensors);
      // Nothing was saved, so the folder is used again.
      expect([first.folder, second.folder]).to.deep.equal([run, run]);
      const message = `This trainer was closed when ${run} was opened again; use the newer one`;
      const calls: readonly (readonly [string, () => unknown])[] = [
        ['step', () => first.step()],
        ['stepOn', () => first.stepOn()],
        ['nextBatch', () => first.nextBatch()],
        ['validationLoss', () => first.validationLoss()],
        ['panel', () => first.panel()],
        ['configure', () => first.configure({clipNorm: 1})],
        ['learningRate', () => (first.learningRate = 0.1)],
      ];
      for (const [name, call] of calls) expect(call, name).to.throw(message).with.property('code', 'closed');
      for (const work of [first.train(), first.epoch(), first.save()])
        expect((await refusal(work)).message).to.equal(message);
      // Its history can still be read.
      expect(first.history.steps).to.have.length(1);
      expect(first.position.step).to.equal(1);
      first.close();
      await second.train({epochs: 1});
      const third = await Trainer.create(parts);
      expect(third.folder).to.equal(`${run}-2`);
      expect(() => second.step()).to.throw('This trainer was closed when');
      await third.train({epochs: 1});
      third.close();
      expect(() => third.step()).to.throw(
        `This trainer is closed; make a new one, or resume the run in ${run}-2`,
      );
      decoder.dispose();
    });

    it('frees the decoder that an earlier resumption made', async () => {
      const run = join(folder, 'resumed');
      const first = await Trainer.create({...toy, decoder: toyDecoder(toy), run, options: toyOptions});
      await first.train({epochs: 1});
      first.close();
      first.decoder.dispose();
      const second = await Trainer.resume(run, toy);
      const {numTensors} = tf.memory();
      second.step();
      for (let times = 0; times < 3; times++) {
        const next = await Trainer.resume(run, toy);
        expect(next.position.epoch).to.equal(1);
        expect(tf.memory().numTensors).to.equal(numTensors);
      }
      expect(() => second.step()).to.throw('opened again');
      const last = await Trainer.resume(run, toy);
      last.close();
      last.decoder.dispose();
    });

    it('leaves trainers of other runs alone', async () => {
      const one = await Trainer.create({
        ...toy,
        decoder: toyDecoder(toy),
        run: join(folder, 'one'),
        options: toyOptions,
      });
      const two = await Trainer.create({
        ...toy,
        decoder: toyDecoder(toy),
        run: join(folder, 'two'),
        options: toyOptions,
      });
      const three = await Trainer.create({...toy, decoder: toyDecoder(toy), options: toyOptions});
      for (const trainer of [one, two, three]) {
        trainer.step();
        trainer.close();
        trainer.decoder.dispose();
      }
    });
  });

  describe('by prepareTraining', () => {
    let dataset: Dataset;
    const small = {
      encoder: 'efficientnet-lite0',
      size: 96,
      decoderOptions: {units: 16, embedding: 8},
      trainerOptions: {epochs: 2, batch: 16, meteor: false, panelImages: 2},
    } satisfies TrainingRecipe;
    before(async () => {
      await drawScenes(join(folder, 'drawn'), {train: 16, validation: 4, test: 4});
      dataset = await openDataset(join(folder, 'drawn'));
    });

    it('gives every run a folder of its own and frees the one before', async () => {
      const run = join(folder, 'scenes');
      const first = await prepareTraining(dataset, {...small, run});
      expect([first.folder, first.notice]).to.deep.equal([run, undefined]);
      const {numTensors} = tf.memory();
      // Opened and closed without training: nothing to keep.
      const second = await prepareTraining(dataset, {...small, run});
      expect([second.folder, tf.memory().numTensors]).to.deep.equal([run, numTensors]);
      expect(() => first.trainer.step())
        .to.throw('opened again')
        .with.property('code', 'closed');
      await second.trainer.train({epochs: 1});
      const kept = readdirSync(join(run, 'checkpoints'));

      const third = await prepareTraining(dataset, {...small, run});
      expect(third.folder).to.equal(`${run}-2`);
      expect(third.notice).to.equal(`${run} holds a run already; the new one lies in ${run}-2`);
      expect(tf.memory().numTensors).to.equal(numTensors);
      expect(readdirSync(join(run, 'checkpoints'))).to.deep.equal(kept);
      await third.trainer.train({epochs: 1});

      // A trainer that resumed the numbered run belongs to it.
      third.trainer.close();
      const resumed = await Trainer.resume(third.folder!, {dataset, features: third.features});
      const fourth = await prepareTraining(dataset, {...small, run});
      expect(fourth.folder).to.equal(`${run}-3`);
      expect(() => resumed.step()).to.throw('opened again');
      expect(tf.memory().numTensors).to.equal(numTensors);
      fourth.close();
      fourth.close();
      third.close();
      expect(tf.memory().numTensors).to.be.below(numTensors);
    });

    it('resumes the newest of a name, and says which', async () => {
      const run = join(folder, 'scenes');
      const resumed = await prepareTraining(dataset, {...small, run, resume: true});
      expect(resumed.folder).to.equal(`${run}-2`);
      expect(resumed.notice).to.match(
        /^Resuming .*scenes-2, the newest of 2 runs of this name, at step \d+$/,
      );
      const again = await prepareTraining(dataset, {...small, run, resume: true});
      expect(() => resumed.trainer.step()).to.throw('opened again');
      await again.trainer.train();
      expect(again.trainer.history.epochs).to.have.length(2);
      again.close();
      const other = await prepareTraining(dataset, {...small, run: `${run}-2`, resume: true});
      expect([other.folder, other.notice]).to.deep.equal([
        `${run}-2`,
        `Resuming ${run}-2, at step ${other.trainer.position.step}`,
      ]);
      other.close();
      const {message} = await refusal(
        prepareTraining(dataset, {...small, run: join(folder, 'none'), resume: true}),
      );
      expect(message).to.match(/none: expected a run to resume, found none$/);
    });

    it('simply works after an error, and leaves no folder behind by one', async () => {
      const run = join(folder, 'mistaken');
      const wrong = {...small, run, decoderOptions: {units: 0}};
      expect((await refusal(prepareTraining(dataset, wrong))).code).to.equal('options');
      const empty = {...dataset, images: []};
      await refusal(prepareTraining(empty, {...small, run}));
      expect(existsSync(run)).to.equal(false);
      const first = await prepareTraining(dataset, {...small, run});
      await refusal(prepareTraining(dataset, wrong));
      // A recipe that is refused costs nothing: the training before is still open.
      first.trainer.step();
      const second = await prepareTraining(dataset, {...small, run});
      second.trainer.step();
      second.close();
    });

    it('replaces a run only when it is told to', async () => {
      const run = join(folder, 'replaced');
      const first = await prepareTraining(dataset, {...small, run});
      await first.trainer.train({epochs: 1});
      const second = await prepareTraining(dataset, {...small, run, replace: true});
      expect(second.folder).to.equal(run);
      expect(readdirSync(join(run, 'checkpoints'))).to.deep.equal([]);
      second.close();
      const {message} = await refusal(loadCheckpoint(run));
      expect(message).to.match(/replaced: this run has no finished epoch yet; train it, or choose another$/);
    });

    it('numbers the stages of a preset together', async () => {
      const run = join(folder, 'stages');
      const recipe = {
        encoder: 'efficientnet-lite0',
        size: 96,
        views: 1,
        preset: 'best',
        set: {units: 16, embedding: 8, attention: 8},
        trainerOptions: {...small.trainerOptions, epochs: 1, samples: 2, validationImages: 2},
        run,
      } as const;
      const first = await prepareTraining(dataset, recipe);
      await first.trainer.train();
      const second = await prepareTraining(dataset, recipe);
      expect([second.folder, second.base]).to.deep.equal([`${run}-2`, `${run}-2`]);
      await second.trainer.train();
      const stage = await second.next!();
      expect([stage.folder, stage.base]).to.deep.equal([`${run}-2-scst`, `${run}-2`]);
      stage.trainer.step();
      await stage.trainer.save();
      stage.close();
      const third = await prepareTraining(dataset, recipe);
      expect(third.folder).to.equal(`${run}-3`);
      third.close();
      const resumed = await prepareTraining(dataset, {...recipe, resume: true});
      expect([resumed.folder, resumed.base]).to.deep.equal([`${run}-2-scst`, `${run}-2`]);
      resumed.close();
    }).timeout(240_000);
  });
});
