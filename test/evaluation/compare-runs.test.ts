import {join} from 'node:path';
import {expect} from 'chai';
import {
  compareRuns,
  compareScores,
  comparisonRows,
  type Dataset,
  drawScenes,
  openDataset,
  prepareTraining,
  type RunComparison,
  showComparison,
} from 'captioner';
import {refusal, temporaryFolder, writeElsewhere} from '../support';
import {htmlOf, inKernel, textOf} from '../show/kernel';

describe('compareRuns', () => {
  writeElsewhere();
  const folder = temporaryFolder();
  const [lstm, attention] = [join(folder, 'lstm'), join(folder, 'attention')];
  let dataset: Dataset;
  let found: RunComparison;
  before(async function () {
    this.timeout(240_000);
    await drawScenes(join(folder, 'drawn'), {train: 40, validation: 6, test: 24});
    dataset = await openDataset(join(folder, 'drawn'));
    for (const [decoder, run, epochs] of [
      ['lstm', lstm, 1],
      ['attention', attention, 6],
    ] as const) {
      const training = await prepareTraining(dataset, {
        ...{encoder: 'efficientnet-lite0', size: 96, decoder, run},
        decoderOptions: {units: 48, embedding: 32},
        trainerOptions: {epochs, batch: 16, meteor: false, panelImages: 1},
      });
      await training.trainer.train();
      training.close();
    }
    found = await compareRuns(lstm, attention, dataset, {beams: 2, draws: 500});
  });

  it('scores both on the same images, and tests the second minus the first', () => {
    expect([found.names, found.split, found.compared]).to.deep.equal([['lstm', 'attention'], 'test', 24]);
    expect(found.scores).to.deep.equal(
      compareScores(found.first.measured, found.second.measured, {draws: 500}),
    );
    const {first, second, difference} = found.scores['CIDEr-D']!;
    expect([first, second]).to.deep.equal([found.first.metrics['CIDEr-D'], found.second.metrics['CIDEr-D']]);
    expect(difference).to.equal(second - first);
  });

  it('orders the images whose captions differ by how much their scores do', () => {
    expect(found.images.length).to.be.within(1, 24);
    const gaps = found.images.map(({scores: [a, b], difference}) => {
      expect(difference).to.equal(b - a);
      return Math.abs(difference);
    });
    expect(gaps).to.deep.equal([...gaps].sort((a, b) => b - a));
    for (const {image, captions, scores} of found.images) {
      const at = found.first.captions.findIndex(({image_id}) => image_id === image.id);
      expect(captions).to.deep.equal([found.first.captions[at]!.caption, found.second.captions[at]!.caption]);
      expect(captions[0]).to.not.equal(captions[1]);
      expect(scores[0]).to.equal(found.first.images[at]!['CIDEr-D']);
    }
  });

  it('takes an evaluation that was made before, of the same images', async () => {
    const done = {run: lstm, evaluation: found.first};
    const again = await compareRuns(done, attention, dataset, {beams: 2, draws: 500});
    expect([again.names, again.scores, again.images]).to.deep.equal([
      found.names,
      found.scores,
      found.images,
    ]);
    const fewer = {...dataset, images: dataset.images.filter(({split}) => split !== 'test').concat(dataset.images.filter(({split}) => split === 'test').slice(0, 10))}; // prettier-ignore
    expect((await refusal(compareRuns(done, attention, fewer, {beams: 2}))).message).to.match(
      /`evaluation` of .*lstm: expected captions of the 10 images that both runs can caption, got captions of 24 images/,
    );
  });

  it('names the columns after the runs, and small p-values as what they are', () => {
    const row = comparisonRows(found).find(({metric}) => metric === 'CIDEr-D')!;
    expect(Object.keys(row)).to.deep.equal([
      'metric',
      'lstm',
      'attention',
      'attention − lstm',
      '95 % interval',
      'p',
    ]);
    const {difference} = found.scores['CIDEr-D']!;
    const sign = difference < 0 ? '−' : '+';
    expect(row['attention − lstm']).to.equal(`${sign}${Math.abs(difference).toFixed(4)}`);
    expect(row['95 % interval']).to.match(/^[+−]\d\.\d{4} to [+−]\d\.\d{4}$/);
    const sure = {...found, scores: {better: {...found.scores['CIDEr-D']!, difference: -0.1, p: 1 / 1001}}};
    expect(comparisonRows(sure)[0]).to.include({'p': '< 0.001', 'attention − lstm': '−0.1000'});
  });

  it('is shown with names, and the images that differ most', async () => {
    const sent = await inKernel(() => showComparison(found, {images: 3}));
    const [table, count, grid] = sent;
    expect(sent).to.have.length(3);
    expect(textOf(table)).to.match(/^lstm and attention on 24 test images\nmetric .*attention − lstm/);
    expect(textOf(count)).to.equal(`${found.images.length} of 24 captions differ.`);
    expect(htmlOf(grid).match(/<img/g)).to.have.length(Math.min(3, found.images.length));
    expect(textOf(grid)).to.include(`lstm: ${found.images[0]!.captions[0]}`);
  });

  it('compares a run with itself under another search, by names of one’s own', async () => {
    const same = await compareRuns(
      {run: attention, name: 'beam 3', beams: 3},
      {run: attention, name: 'greedy', beams: 1},
      dataset,
      {split: 'validation', metric: 'BLEU-4', draws: 100},
    );
    expect([same.names, same.split, same.compared]).to.deep.equal([['beam 3', 'greedy'], 'validation', 6]);
    const twice = await compareRuns(attention, attention, dataset, {beams: 2, draws: 100});
    expect(twice.names).to.deep.equal(['attention (1)', 'attention (2)']);
    expect(twice.images).to.deep.equal([]);
    expect(twice.scores['CIDEr-D']).to.include({difference: 0, p: 1});
  });

  it('refuses a run without an epoch, an unknown metric and a split without images', async () => {
    const training = await prepareTraining(dataset, {
      encoder: 'efficientnet-lite0',
      size: 96,
      run: join(folder, 'none'),
    });
    training.close();
    const none = await refusal(compareRuns(lstm, join(folder, 'none'), dataset));
    expect(none.message).to.match(/none: this run has no finished epoch yet; train it, or choose another$/);
    const metric = await refusal(compareRuns(lstm, lstm, dataset, {metric: 'CIDErD'}));
    expect(metric.message).to.equal('Unknown metric "CIDErD"; did you mean "CIDEr-D"?');
    const empty = {...dataset, images: dataset.images.filter(({split}) => split === 'train')};
    const split = await refusal(compareRuns(lstm, lstm, empty));
    expect(split.message).to.match(/expected images of split validation, found none$/);
  });
});
