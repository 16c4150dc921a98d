/** Summaries that a notebook prints of an object in the last line of a cell: a few lines that help, not its internals. */
import {join} from 'node:path';
import {inspect} from 'node:util';
import {
  AugmentedFeatures,
  Captioner,
  compareRuns,
  createDecoder,
  createEnsemble,
  decoderKinds,
  drawScenes,
  evaluate,
  findLearningRate,
  loadEncoder,
  ofSplit,
  openDataset,
  prepareTraining,
  readWordVectors,
  saveCheckpoint,
  Scorer,
  storeFeatures,
  TrainableFeatures,
  Trainer,
  Vocabulary,
} from 'captioner';
import {multiViewDecoder} from 'captioner/dist/decoders/multi-view-decoder';
import {centredViews} from 'captioner';
import {expect} from 'chai';
import {writeFileSync} from 'node:fs';
import {temporaryFolder, writeElsewhere} from './support';
import {makeToy, toyDecoder, toyOptions, type Toy} from './training/toy';

/** Checks that a description is short and holds no insides, and returns it. */
function printed(value: unknown): string {
  const text = inspect(value);
  expect(text.split('\n').length, text).to.be.within(1, 12);
  expect(text).to.not.match(/Variable \{|isDisposed|Map\(|\[Function|\[Object|undefined|NaN/);
  return text;
}

describe('The description of', () => {
  writeElsewhere();
  const folder = temporaryFolder();
  let toy: Toy;
  before(async () => {
    toy = await makeToy(join(folder, 'toy'));
  });

  it('a data set has the size of each split, and no path of this machine', async () => {
    await drawScenes(join(folder, 'scenes'), {train: 6, validation: 2, test: 1});
    const dataset = await openDataset(join(folder, 'scenes'));
    const text = printed(dataset);
    expect(text).to.match(
      /^Dataset scenes: 9 images with \d+ captions\n {2}train +6 images, \d+ captions\n {2}validation +2 images/,
    );
    expect(text).to.not.include(folder);
    // It is no part of the data set: copies and comparisons are those of a plain object.
    expect(Object.getOwnPropertyNames(dataset)).to.include('images');
    expect({...dataset}).to.deep.equal(dataset);
    expect(structuredClone({...dataset, images: []})).to.deep.equal({...dataset, images: []});
    expect(Object.keys(dataset)).to.deep.equal(Object.keys({...dataset}));
    expect(JSON.stringify({...dataset, images: []})).to.not.include('Dataset');
  });

  it('a vocabulary has its size, its most frequent and its rarest words', () => {
    const vocabulary = Vocabulary.from(['a red ball', 'a red dog', 'a cat'], {minimumCount: 1});
    expect(printed(vocabulary)).to.equal(
      'Vocabulary of 9 ids: 5 words and 4 special ids\n  special   <padding>, <start>, <end>, <unknown>\n  frequent  a, red, ball, cat, dog',
    );
    expect(Object.keys(vocabulary)).to.deep.equal([]);
    expect(Vocabulary.fromJSON(vocabulary.toJSON())).to.deep.equal(vocabulary);
  });

  for (const kind of decoderKinds)
    it(`a decoder of kind ${kind} has its weights and the options that differ`, () => {
      const decoder = createDecoder(kind as string, 10, 12, {units: 16});
      const total = [...decoder.weights.values()].reduce((sum, {size}) => sum + size, 0);
      const text = printed(decoder);
      expect(text).to.match(new RegExp(`^${kind} decoder of ${total.toLocaleString('en-GB')} weights\\n`));
      expect(text).to.match(/options +units 16 \(default \d+\); \d+ at their default/);
      expect(text).to.include(kind === 'lstm' ? 'pooled image features, [12]' : '[cells, 12]');
      expect(text).to.include('the next of 10 words').and.include('output');
      decoder.dispose();
    });

  it('an ensemble, and a decoder of several views, name their members', () => {
    const [one, two] = ['lstm', 'attention'].map((kind) =>
      createDecoder(kind, 10, 12, {units: 8, embedding: 8}),
    );
    const ensemble = createEnsemble([one!, two!]);
    expect(printed(ensemble)).to.match(/^ensemble of 2 decoders: lstm, attention\n/);
    const views = multiViewDecoder(two!, centredViews(2));
    expect(printed(views)).to.match(/^attention decoder of .* weights\n[^]*\n {2}views +2 of each image$/);
    ensemble.dispose();
  });

  it('a trainer has its position, its best score and the options that differ', async () => {
    const decoder = toyDecoder(toy);
    const trainer = await Trainer.create({
      ...toy,
      decoder,
      options: {...toyOptions, epochs: 3, selectBy: 'BLEU-1'},
    });
    expect(printed(trainer)).to.include('0 of 3 epochs, step 0 of 21').and.include('no epoch yet');
    await trainer.train({epochs: 1});
    const text = printed(trainer);
    expect(text)
      .to.include('1 of 3 epochs, step 7 of 21')
      .and.match(/best +BLEU-1 [01]\.\d{4} after epoch 1/);
    expect(text).to.include('batch 8 (default 128)').and.include('meteor false (default true)');
    trainer.close();
    expect(printed(trainer)).to.equal(text);
    decoder.dispose();
  }).timeout(60_000);

  it('features has their number, kind and encoder', async () => {
    expect(printed(toy.features)).to.match(
      /^Features of 30 images\n {2}each +pooled, \[12\]\n {2}encoder +colours at 16 pixels\n {2}folder +features$/,
    );
    expect(printed(new AugmentedFeatures(toy.features, []))).to.include('Features of 30 images');
    expect(printed(new AugmentedFeatures(toy.features, [toy.features], true))).to.include(
      '2 of each training image, some mirrored',
    );
    const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 64}});
    expect(printed(encoder)).to.match(
      /^efficientnet-lite0 encoder of [\d,]+ weights\n {2}reads +images of 64 × 64 pixels/,
    );
    const features = await TrainableFeatures.open(encoder, {from: 'blocks.15', kind: 'pooled'}, () =>
      Promise.resolve(toy.features),
    );
    expect(printed(features)).to.match(/^Features by an encoder that is trained from blocks\.15 on\n/);
    expect(printed(features)).to.match(/trained +[\d,]{7,} weights/);
    features.dispose();
  });

  it('word vectors and a scorer', async () => {
    const file = join(folder, 'vectors.txt');
    writeFileSync(file, 'a 1 2 3\nsquare 4 5 6\n');
    const vectors = await readWordVectors(file, toy.vocabulary);
    expect(printed(vectors)).to.equal('Word vectors of 2 words\n  size  3 numbers each');
    expect({...vectors}).to.deep.equal(vectors);
    const scorer = await Scorer.create([['a red ball', 'a ball'], ['a dog']], {meteor: false});
    expect(printed(scorer)).to.equal(
      'Scorer of captions of 2 images\n  references  3\n  metrics     BLEU-1, BLEU-2, BLEU-3, BLEU-4, ROUGE-L, CIDEr-D',
    );
  });

  it('a training, its range test, its evaluation and a comparison of two runs', async () => {
    await drawScenes(join(folder, 'few'), {train: 8, validation: 2, test: 3});
    const dataset = await openDataset(join(folder, 'few'));
    const run = await prepareTraining(dataset, {
      ...{encoder: 'efficientnet-lite0', size: 96, run: join(folder, 'run'), minimumCount: 1},
      decoderOptions: {units: 16, embedding: 8},
      trainerOptions: {epochs: 1, batch: 8, meteor: false},
    });
    expect(printed(run)).to.match(
      /^Training of a decoder of kind lstm on few\n {2}run +\S*run\n {2}position +0 of 1 epoch$/,
    );
    const found = await findLearningRate(run.trainer, {steps: 10});
    expect(printed(found)).to.match(/^Range test of \d+ learning rates\n {2}suggestion +[\d.e-]+\n/);
    await run.trainer.train();
    const test = ofSplit(dataset, 'test');
    const features = await storeFeatures(await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}}), dataset, test); // prettier-ignore
    const evaluation = await evaluate({decoder: run.decoder, vocabulary: run.vocabulary}, features, test);
    expect(printed(evaluation)).to.match(/^Evaluation of captions of 3 images\n {2}BLEU-1 +\d\.\d{4}\n/);
    run.close();
    const again = {run: join(folder, 'run'), beams: 2};
    expect(printed(await compareRuns({run: again.run, evaluation}, again, dataset, {draws: 10}))).to.match(
      /^Comparison of run \(1\) with run \(2\) on 3 images\n {2}CIDEr-D +\d\.\d{4} and \d\.\d{4}, p /,
    );
  }).timeout(120_000);

  it('a captioner has its encoder and decoder', async () => {
    const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 64}});
    const decoder = createDecoder('attention', toy.vocabulary.size, encoder.depth, {units: 8, embedding: 8});
    const {name, digest, preprocessing} = encoder;
    const run = join(folder, 'checkpoint');
    await saveCheckpoint(run, {decoder, vocabulary: toy.vocabulary, encoder: {name, digest, preprocessing}});
    const captioner = await Captioner.load(run);
    const text = printed(captioner);
    expect(text).to.match(
      /^Captioner: efficientnet-lite0 at 64 pixels, then a decoder\n {2}attention decoder of [\d,]+ weights\n/,
    );
    captioner.dispose();
    encoder.dispose();
    decoder.dispose();
  }).timeout(30_000);
});
