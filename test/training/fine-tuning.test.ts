import {join} from 'node:path';
import {
  AugmentedFeatures,
  Captioner,
  createDecoder,
  type Dataset,
  drawScenes,
  type Encoder,
  FeatureStore,
  loadEncoder,
  ofSplit,
  tf,
  TrainableFeatures,
  Trainer,
  type TrainerParts,
  trainingViews,
  Vocabulary,
  withView,
} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';

describe('An encoder that learns', function () {
  this.timeout(300_000);
  const features = temporaryFolder();
  let dataset: Dataset;
  let vocabulary: Vocabulary;
  before(async () => {
    const folder = join(temporaryFolder(), 'scenes');
    await drawScenes(folder, {train: 96, validation: 16, test: 4});
    dataset = readScenes(folder);
    vocabulary = Vocabulary.from(
      ofSplit(dataset, 'train').flatMap(({captions}) => captions),
      {minimumCount: 2},
    );
  });

  const live = async (from = 'head'): Promise<TrainableFeatures> =>
    TrainableFeatures.open(
      await loadEncoder('efficientnet-lite0'),
      {from, kind: 'pooled'},
      async (frozen) => {
        const build = (encoder: Encoder, name: string): Promise<FeatureStore> =>
          FeatureStore.build(encoder, dataset, join(features, name), {kind: 'grid'});
        const [, part] = trainingViews(2, {mirror: false});
        return new AugmentedFeatures(await build(frozen, from), [
          await build(withView(frozen, part!), `${from}-part`),
        ]);
      },
    );
  const options = {
    epochs: 2,
    validationImages: 4,
    meteor: false,
    panelImages: 0,
    beams: 1,
    captionsPerImage: 3,
  } as const;
  const parts = (store: TrainableFeatures): TrainerParts => ({
    dataset,
    features: store,
    vocabulary,
    decoder: createDecoder('lstm', vocabulary.size, store.depth, {units: 64, embedding: 64}),
  });

  it('lowers the loss further than one that is frozen', async () => {
    const losses: number[] = [];
    for (const encoderLearningRate of [1e-12, 3e-4]) {
      const store = await live();
      const trainer = await Trainer.create({...parts(store), options: {...options, encoderLearningRate}});
      const first = trainer.validationLoss();
      await trainer.train();
      const {validationLoss} = trainer.history.epochs.at(-1)!;
      expect(validationLoss).to.be.below(first);
      losses.push(validationLoss);
      trainer.close();
      trainer.decoder.dispose();
      store.dispose();
    }
    expect(losses[1]).to.be.below(losses[0]! - 0.02);
  });

  it('leaves no tensor behind from step to step, and leaves its frozen part as it was', async () => {
    const store = await live();
    const trainer = await Trainer.create({...parts(store), options});
    trainer.step();
    const before = tf.memory().numTensors;
    for (let k = 0; k < 3; k++) trainer.step();
    expect(tf.memory().numTensors).to.equal(before);
    const published = await loadEncoder('efficientnet-lite0');
    const learnt = store.fineTunedWeights();
    expect([...learnt.tensors.keys()]).to.deep.equal(['head.weight', 'head.bias']);
    published.dispose();
    trainer.close();
    trainer.decoder.dispose();
    store.dispose();
  });

  it('sees with the weights of the moment, also beside their moving average', async () => {
    const store = await live();
    const trainer = await Trainer.create({...parts(store), options: {...options, emaDecay: 0.9}});
    for (let k = 0; k < 3; k++) trainer.step();
    const [image] = ofSplit(dataset, 'validation');
    const seen = (): number[] => {
      const features = store.read([image!.id]);
      const numbers = [...features.dataSync()];
      features.dispose();
      return numbers;
    };
    const own = seen();
    const loss = trainer.validationLoss();
    expect(seen()).to.deep.equal(own);
    expect(trainer.validationLoss()).to.equal(loss);
    trainer.close();
    trainer.decoder.dispose();
    store.dispose();
  });

  it('is part of the checkpoint: a run goes on bit for bit, and captions come from what was learnt', async () => {
    const run = join(temporaryFolder(), 'run');
    const whole = await live();
    const uninterrupted = await Trainer.create({
      ...parts(whole),
      options: {...options, encoderLearningRate: 3e-4},
    });
    const stopped = await live();
    const first = await Trainer.create({
      ...parts(stopped),
      run,
      options: {...options, encoderLearningRate: 3e-4},
    });
    for (let k = 0; k < 3; k++) {
      uninterrupted.step();
      first.step();
    }
    await first.save();
    first.close();
    first.decoder.dispose();
    stopped.dispose();

    const fresh = await live();
    const second = await Trainer.resume(run, {dataset, features: fresh});
    for (let k = 0; k < 2; k++) expect(second.step().loss).to.equal(uninterrupted.step().loss);
    await second.save();
    const [image] = ofSplit(dataset, 'test');
    const spoken = second.panel(1)[0]!;
    second.close();

    const captioner = await Captioner.load(run);
    const [said] = await captioner.caption([image!.file], {beams: 1, maximumLength: 24, lengthPenalty: 0.7});
    expect(said).to.include({caption: spoken.caption});
    expect(captioner.encoder.digest).not.to.equal(fresh.encoder.digest);
    captioner.dispose();
    second.decoder.dispose();
    fresh.dispose();
    uninterrupted.close();
    uninterrupted.decoder.dispose();
    whole.dispose();

    const other = await live('blocks.15');
    const error = await refusal(Trainer.resume(run, {dataset, features: other}));
    expect(error.code).to.equal('mismatch');
    expect(error.message).to.include(
      'expected an encoder that is trained from head on, got one that is trained from blocks.15 on',
    );
    other.dispose();
  });
});
