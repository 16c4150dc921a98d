import {existsSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {
  type Dataset,
  drawScenes,
  evaluate,
  exportCheckpoint,
  Captioner,
  intervals,
  modelCard,
  type ModelCard,
  ofSplit,
  openDataset,
  openFeatures,
  loadEncoder,
  prepareTraining,
  readProvenance,
  tf,
} from 'captioner';
import {program} from 'captioner/dist/cli';
import {projectRoot, refusal, temporaryFolder, writeElsewhere} from '../support';

describe('modelCard', function () {
  writeElsewhere();
  this.timeout(300_000);
  const folder = temporaryFolder();
  const data = join(folder, 'drawn');
  const run = join(folder, 'my-run');
  let dataset: Dataset;
  let card: ModelCard;

  before(async () => {
    await drawScenes(data, {train: 24, validation: 6, test: 10});
    dataset = await openDataset(data);
    const training = await prepareTraining(dataset, {
      run,
      encoder: 'efficientnet-lite0',
      size: 96,
      minimumCount: 2,
      decoderOptions: {units: 24, embedding: 12},
      trainerOptions: {epochs: 3, batch: 16, learningRate: 0.005, meteor: false},
    });
    await training.trainer.train({epochs: 2});
    training.trainer.learningRate = 0.001;
    await training.trainer.train({epochs: 1});
    training.close();
    const {numTensors} = tf.memory();
    card = await modelCard(run);
    expect(tf.memory().numTensors).to.equal(numTensors);
  });

  it('says what evaluation finds, with the same intervals', async () => {
    const captioner = await Captioner.load(run);
    const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}});
    const features = await openFeatures(encoder, dataset, {kind: 'pooled'});
    const test = ofSplit(dataset, 'test');
    const found = await evaluate(captioner, features, test);
    const ranges = intervals(found.measured);
    captioner.dispose();
    features.dispose?.();
    expect(Object.keys(card.assessment!.scores)).to.include.members(['BLEU-4', 'CIDEr-D', 'factual']);
    for (const [name, {value, low, high}] of Object.entries(card.assessment!.scores)) {
      expect({value, low, high}, name).to.deep.equal({value: found.metrics[name], ...ranges[name]!});
      const line = `| ${name} | ${value.toFixed(3)} | ${low.toFixed(3)} to ${high.toFixed(3)} |`;
      expect(card.markdown).to.include(line);
    }
    const lies = test.filter(({verify}, at) => verify!(found.captions[at]!.caption).length > 0).length;
    if (lies > 0) expect(card.markdown).to.include(`${lies} of 10 captions have at least one`);
    for (const {caption} of card.assessment!.panel)
      expect(card.html).to.include(`<b>${caption || '(no words)'}</b>`);
  });

  it('says what the run was trained on and how, and what was changed on the way', () => {
    const {markdown} = card;
    expect(markdown).to.match(
      /^---\nlicense: unknown\nlibrary_name: captioner\npipeline_tag: image-to-text\n/,
    );
    expect(markdown).to.include('Name: drawn (layout scenes)');
    expect(markdown).to.include('| train | 24 | 120 |');
    expect(markdown).to.match(/\| trainer \| learningRate \| 0\.005 \| 0\.001 \|/);
    expect(markdown).to.match(/\| trainer \| epochs \| 3 \| 16 \|/);
    expect(markdown).to.match(/\| decoder \| units \| 24 \| 512 \|/);
    expect(markdown).to.match(/\| learningRate \| 0\.005 \| 0\.001 \|\n/);
    expect(markdown).not.to.match(/\| trainer \| (?:labelSmoothing|seed|clipNorm) /);
    expect(markdown).to.match(/\| epochs \| (?:3|[12] of 3 that were planned) \|/);
    const {version} = JSON.parse(readFileSync(join(projectRoot, 'lib', 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(markdown).to.include(`Trained with captioner ${version}`);
    expect(markdown).to.include('Apache 2.0; trained on ImageNet');
  });

  it('gives the command that makes the model again', async () => {
    const lines = card.markdown
      .split('\n')
      .filter((line) => /^ {4}(npx captioner train|  )/.test(line))
      .map((line) => line.trim().replace(/ \\$/, ''));
    const words = lines.join(' ').split(' ').slice(2);
    const train = program().commands.find((command) => command.name() === 'train')!;
    let flags: Record<string, unknown> = {};
    train.action((given: Record<string, unknown>) => void (flags = given));
    await train.parseAsync(words.slice(1), {from: 'user'});
    expect(flags).to.deep.include({
      data: 'drawn',
      run: 'checkpoints/my-run',
      encoder: 'efficientnet-lite0',
      size: 96,
      epochs: 3,
      minimumCount: 2,
      set: {units: 24, embedding: 12, batch: 16, learningRate: 0.005, meteor: false},
    });
  });

  it('is about the model, not about the machine of who wrote it', () => {
    for (const written of [card.markdown, card.html])
      for (const place of [folder, projectRoot, `${process.env['HOME']}/`])
        expect(written.includes(place), place).to.equal(false);
  });

  it('is saved with the images that it links to, and never over another card', async () => {
    const to = join(folder, 'cards', 'one');
    const [page, readme] = (await card.save(to)) as [string, string];
    expect(readFileSync(page, 'utf8')).to.equal(card.html);
    expect(readFileSync(readme, 'utf8')).to.equal(card.markdown);
    const linked = [...card.markdown.matchAll(/!\[[^\]]*\]\(images\/([^)]+)\)/g)].map(([, name]) => name!);
    expect(linked.length).to.be.greaterThan(9);
    expect(readdirSync(join(to, 'images')).sort()).to.deep.equal([...new Set(linked)].sort());
    expect(card.html.match(/src="data:image\/jpeg;base64,/g)!.length).to.equal(linked.length);
    writeFileSync(readme, 'my own words');
    const {code, message} = await refusal(card.save(to));
    expect(code).to.equal('mismatch');
    expect(message).to.match(/README\.md: a card lies here already/);
    expect(readFileSync(readme, 'utf8')).to.equal('my own words');
    await card.save(to, {replace: true});
    expect(readFileSync(readme, 'utf8')).to.equal(card.markdown);
  });

  it('of a checkpoint says what is not recorded, and leaves photographs out unless asked', async () => {
    const exported = join(folder, 'exported');
    await exportCheckpoint([run], exported, {precision: 'float32'});
    // The same images as a dataset of somebody: what is in them isn't known, and they aren't to be copied.
    const photographs: Dataset = {
      ...dataset,
      layout: 'custom',
      images: dataset.images.map(({verify: _, ...image}) => image),
    };
    const options = {data: photographs, split: 'validation', limit: 4, licence: 'CC BY 4.0'} as const;
    const {markdown, html, assessment} = await modelCard(exported, options);
    expect(assessment!.images).to.equal(4);
    expect(assessment!.false).to.equal(undefined);
    expect(markdown).to.include('the first 4 of 6 images of the validation split');
    expect(markdown).to.include('The epoch was selected on this split');
    expect(markdown).to.match(/^---\nlicense: other\nlicense_name: "CC BY 4\.0"\n/);
    expect(markdown).to.include('What the model was trained on is not recorded.');
    expect(markdown).to.include('DATA, RUN stand for what is not recorded.');
    expect(markdown).to.include('| epochs | not recorded |');
    expect(markdown).not.to.include('![');
    expect(html).not.to.include('<img');
    expect(html).to.include('The images belong to the dataset');
    const shown = await modelCard(exported, {...options, photographs: true});
    expect(shown.html).to.include('src="data:image/jpeg;base64,');
    expect(shown.markdown).not.to.include('![');
  });

  it('has no scores where the data is gone, and says so', async () => {
    const away = join(folder, 'away');
    await drawScenes(away, {train: 12, validation: 2, test: 2});
    const other = join(folder, 'other-run');
    const training = await prepareTraining(await openDataset(away), {
      run: other,
      encoder: 'efficientnet-lite0',
      size: 96,
      decoderOptions: {units: 8, embedding: 8},
      trainerOptions: {epochs: 1, batch: 16, meteor: false},
    });
    await training.trainer.train();
    training.close();
    rmSync(away, {recursive: true});
    const {markdown, assessment} = await modelCard(other);
    expect(assessment).to.equal(undefined);
    expect(markdown).to.include('It was not evaluated for this card');
    expect(markdown).not.to.include('## Scores');
    expect(markdown).to.include('Name: away (layout scenes)');
  });

  it('is refused for a split without images', async () => {
    const none: Dataset = {...dataset, images: ofSplit(dataset, 'train')};
    const {code, message} = await refusal(modelCard(run, {data: none}));
    expect([code, message]).to.deep.equal([
      'dataset',
      `${data}: expected images of split validation, found none`,
    ]);
  });
});

describe('Provenance', function () {
  writeElsewhere();
  this.timeout(120_000);

  it('records each session of a run, and what it began with', async () => {
    const folder = temporaryFolder();
    await drawScenes(join(folder, 'drawn'), {train: 12, validation: 2, test: 2});
    const dataset = await openDataset(join(folder, 'drawn'));
    const recipe = {
      encoder: 'efficientnet-lite0',
      size: 96,
      run: join(folder, 'run'),
      decoderOptions: {units: 8, embedding: 8},
      trainerOptions: {epochs: 2, batch: 16, meteor: false},
    };
    const first = await prepareTraining(dataset, recipe);
    await first.trainer.train({epochs: 1});
    first.close();
    const resumed = await prepareTraining(dataset, {...recipe, resume: true});
    resumed.close();
    const found = readProvenance(recipe.run)!;
    expect(found.sessions.length).to.equal(2);
    expect(found.sessions[0]).to.include({node: process.versions.node});
    expect(found.data.images).to.deep.equal({train: 12, validation: 2, test: 2});
    expect(found.settings).to.include({epochs: 2, batch: 16});
    const from = await prepareTraining(dataset, {
      encoder: 'efficientnet-lite0',
      size: 96,
      run: join(folder, 'next'),
      from: recipe.run,
    });
    from.close();
    expect(readProvenance(join(folder, 'next'))!.from).to.equal(recipe.run);
    writeFileSync(join(recipe.run, 'provenance.json'), '{"half');
    expect(readProvenance(recipe.run)).to.equal(undefined);
    expect(existsSync(join(recipe.run, 'checkpoints'))).to.equal(true);
  });
});
