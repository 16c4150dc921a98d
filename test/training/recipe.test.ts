import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {
  type Dataset,
  drawScenes,
  exportCheckpoint,
  openDataset,
  prepareTraining,
  presetNames,
  presets,
  type TrainingRecipe,
} from 'captioner';
import {trainerSettings} from 'captioner/dist/training/options';
import {refusal, temporaryFolder, writeElsewhere} from '../support';

describe('prepareTraining', () => {
  writeElsewhere();
  const folder = temporaryFolder();
  const encoder = {encoder: 'efficientnet-lite0', size: 96} as const;
  const small = {
    ...encoder,
    decoderOptions: {units: 16, embedding: 8},
    trainerOptions: {epochs: 1, batch: 16, meteor: false, panelImages: 2},
  } satisfies TrainingRecipe;
  let dataset: Dataset;
  const home = process.env['CAPTIONER_HOME'];
  before(async () => {
    await drawScenes(join(folder, 'drawn'), {train: 16, validation: 4, test: 4});
    dataset = await openDataset(join(folder, 'drawn'));
  });
  after(() => {
    if (home === undefined) delete process.env['CAPTIONER_HOME'];
    else process.env['CAPTIONER_HOME'] = home;
  });

  it('trains an encoder along, starts another run from the result, and resumes that', async () => {
    const first = await prepareTraining(dataset, {
      ...small,
      fineTune: 'blocks.15',
      views: 2,
      run: join(folder, 'first'),
    });
    expect([first.decoder.kind, first.features.views, first.features.mirrored]).to.deep.equal([
      'lstm',
      2,
      false,
    ]);
    expect(first.features.trainable!.from).to.equal('blocks.15');
    const before = [...first.features.trainable!.weights.values()].map((weight) => weight.dataSync().slice());
    await first.trainer.train();
    const after = [...first.features.trainable!.weights.values()].map((weight) => weight.dataSync());
    expect(after.some((values, at) => values.some((value, k) => value !== before[at]![k]))).to.equal(true);
    first.close();

    const recipe = {...encoder, run: join(folder, 'second')};
    const second = await prepareTraining(dataset, {
      ...recipe,
      from: join(folder, 'first'),
      trainerOptions: {...small.trainerOptions, epochs: 2},
    });
    // The size of the decoder and the block that is trained are the checkpoint's.
    expect(second.decoder.options).to.include({units: 16, embedding: 8});
    expect(second.features.trainable!.from).to.equal('blocks.15');
    await second.trainer.train({epochs: 1});
    second.close();

    const third = await prepareTraining(dataset, {...recipe, resume: true});
    expect(third.trainer.position.epoch).to.equal(1);
    await third.trainer.train();
    expect(third.trainer.history.epochs).to.have.length(2);
    third.close();
  });

  it('goes through the stages of a preset, each from the best of the one before', async () => {
    const run = join(folder, 'best');
    const trainerOptions = {...small.trainerOptions, samples: 2};
    const recipe = {
      ...encoder,
      preset: 'best',
      run,
      set: {units: 16, embedding: 8, attention: 8},
      trainerOptions,
    };
    let stage = await prepareTraining(dataset, recipe);
    expect([stage.decoder.kind, stage.trainer.options.objective]).to.deep.equal([
      'attention',
      'cross-entropy',
    ]);
    expect(stage.features.trainable!.from).to.equal('blocks.15');
    await stage.trainer.train();
    stage = await stage.next!();
    expect([stage.folder, stage.trainer.options.objective]).to.deep.equal([`${run}-scst`, 'self-critical']);
    expect(stage.next).to.equal(undefined);
    await stage.trainer.train({signal: AbortSignal.timeout(20_000)});
    stage.close();
    // It is resumed where it was.
    const again = await prepareTraining(dataset, {...recipe, resume: true});
    expect(again.folder).to.equal(`${run}-scst`);
    again.close();
    await exportCheckpoint([`${run}-scst`], join(folder, 'exported'), stage.export);
    expect(existsSync(join(folder, 'exported', 'manifest.json'))).to.equal(true);
  }).timeout(240_000);

  it('gives a checkpoint the words of other captions, and refuses another decoder or minimum count', async () => {
    const run = join(folder, 'english');
    const first = await prepareTraining(dataset, {...small, minimumCount: 2, run});
    expect(first.words).to.include({added: 0, cut: 0, maximumLength: 24});
    await first.trainer.train();
    const words = first.vocabulary.toJSON().words;
    first.close();

    const same = await prepareTraining(dataset, {...encoder, from: run, run: join(folder, 'same')});
    expect(same.vocabulary.toJSON().words).to.deep.equal(words);
    same.close();

    const captions = ['una pelota roja', 'dos perros corren'];
    const images = dataset.images.map((image) => ({...image, captions}));
    const spanish = await prepareTraining({...dataset, images}, {...small, decoderOptions: {}, from: run, run: join(folder, 'spanish')}); // prettier-ignore
    expect(spanish.words).to.include({added: 6, unknown: 0});
    expect(spanish.vocabulary.toJSON().words.slice(0, -6)).to.deep.equal(words);
    expect(spanish.decoder.vocabulary).to.equal(words.length + 4 + 6);
    await spanish.trainer.train();
    spanish.close();
    const resumed = await prepareTraining({...dataset, images}, {...encoder, run: join(folder, 'spanish'), resume: true}); // prettier-ignore
    expect(resumed.vocabulary.size).to.equal(words.length + 10);
    resumed.close();

    for (const begin of [
      {from: run, run: join(folder, 'x')},
      {resume: true, run},
    ]) {
      const refused = async (more: TrainingRecipe): Promise<string> =>
        (await refusal(prepareTraining(dataset, {...encoder, ...begin, ...more}))).message;
      expect(await refused({decoder: 'transformer'})).to.match(
        /^Expected no other `decoder` than "lstm" with/,
      );
      expect(await refused({minimumCount: 3})).to.match(
        /^Expected no other `minimumCount` .* the vocabulary exists/,
      );
      const again = await prepareTraining(dataset, {...encoder, ...begin, decoder: 'lstm', minimumCount: 2});
      again.close();
    }
  });

  it('refuses data without training images, or of which it would train few words', async () => {
    const refused = async (images: Dataset['images'], recipe: TrainingRecipe = {}): Promise<string> =>
      (await refusal(prepareTraining({...dataset, images}, {...small, ...recipe}))).message;
    const others = dataset.images.filter(({split}) => split !== 'train');
    expect(await refused(others)).to.match(
      /expected training images, found 4 for validation and 4 for test only$/,
    );
    const long = dataset.images.map((image) => ({...image, captions: [Array(30).fill('word').join(' ')]}));
    expect(await refused(long)).to.match(
      /cut off after 24 words, got 16 of 16; choose a greater `maximumLength`/,
    );
    const rare = dataset.images.map((image, at) => ({...image, captions: [`a word${at}`, 'a dog']}));
    expect(await refused(rare, {minimumCount: 3})).to.match(/unknown words, got 25 %.*lower `minimumCount`/);
    expect(await refused(rare, {minimumCount: 99})).to.match(/found none; lower `minimumCount`/);
  });

  it('has presets whose options exist', () => {
    for (const name of presetNames)
      for (const {recipe} of presets[name].stages) trainerSettings(recipe.trainerOptions ?? {});
  });

  it('refuses a wrong recipe before it opens the data set', async () => {
    const unopened = (): Promise<Dataset> => expect.fail('was opened');
    const wrong: readonly (readonly [TrainingRecipe, RegExp])[] = [
      [{preset: 'bset'}, /Unknown preset "bset"; did you mean "best"\?/],
      [{preset: 'best'}, /Expected a folder `run` for the stages of the preset "best"/],
      [{decoder: 'gru'}, /Unknown decoder "gru"/],
      [{trainerOptions: {epochs: 0}}, /`epochs`/],
      [{decoderOptions: {units: 0}}, /`units`/],
      [{set: {unit: 3}}, /Unknown option `unit`|unknown option `unit`/],
      [{resume: true}, /Expected `run` with `resume`/],
      [{resume: true, from: 'x', run: 'y'}, /Expected `resume` or `from`, got both/],
    ];
    for (const [recipe, message] of wrong)
      expect((await refusal(prepareTraining(unopened, recipe))).message).to.match(message);
  });
});
