import {join} from 'node:path';
import {
  createDecoder,
  drawScenes,
  evaluate,
  featureFolder,
  FeatureStore,
  loadEncoder,
  ofSplit,
  openDataset,
  Trainer,
  Vocabulary,
} from 'captioner';
import {expect} from 'chai';
import {temporaryFolder} from '../support';

/** Trains as the notebook does, with the options that suit the data; about a minute and a half on two cores. */
describe('A decoder trained on the drawn scenes', function () {
  this.timeout(900_000);

  it('writes captions of scenes it never saw that are true in every claim, four of five at least', async () => {
    const dataset = await openDataset('scenes');
    const encoder = await loadEncoder('efficientnet-lite2');
    const store = await FeatureStore.build(
      encoder,
      dataset.images,
      featureFolder(dataset, encoder, 'pooled'),
    );
    const vocabulary = Vocabulary.from(
      ofSplit(dataset, 'train').flatMap(({captions}) => captions),
      {minimumCount: 3},
    );
    const decoder = createDecoder('lstm', vocabulary.size, store.depth);
    const trainer = await Trainer.create({dataset, features: store, vocabulary, decoder});
    await trainer.train();
    trainer.close();
    const writer = {decoder, vocabulary};

    const test = ofSplit(dataset, 'test');
    const {metrics: scores, captions} = await evaluate(writer, store, test);
    expect(scores['factual'], JSON.stringify(scores)).to.be.at.least(0.8);
    expect(scores['BLEU-4'], JSON.stringify(scores)).to.be.above(0.5);

    // A hundred are few: so are two hundred others.
    const folder = temporaryFolder();
    await drawScenes(join(folder, 'scenes'), {seed: 2, train: 0, validation: 0, test: 200});
    const others = await openDataset(join(folder, 'scenes'));
    const otherStore = await FeatureStore.build(encoder, others.images, join(folder, 'features'));
    expect((await evaluate(writer, otherStore, others.images)).metrics['factual']).to.be.at.least(0.8);

    // Who has looked does not say the same of every image, and says what is false of another one.
    expect(new Set(captions.map(({caption}) => caption)).size).to.be.above(50);
    const exchanged = captions.filter(
      ({caption}, at) => test[(at + 1) % test.length]!.verify!(caption).length === 0,
    );
    expect(exchanged.length).to.be.below(10);
    encoder.dispose();
    decoder.dispose();
  });
});
