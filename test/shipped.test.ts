import {readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {
  type Captioned,
  type CaptionedImage,
  Captioner,
  type Dataset,
  drawScenes,
  type Failed,
  loadCheckpoint,
  ofSplit,
  openDataset,
  Scorer,
} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import {totals} from 'captioner/dist/metrics/scorer';
import {expect} from 'chai';
import {flickr8k, projectRoot, temporaryFolder} from './support';

const folder = join(projectRoot, 'checkpoints', 'flickr8k');

const said = (results: readonly (Captioned | Failed)[]): string[] =>
  results.map((result) => {
    if ('error' in result) throw result.error;
    return result.caption;
  });

async function score(captions: readonly string[], images: readonly CaptionedImage[]): Promise<number> {
  const scorer = await Scorer.create(
    images.map((image) => image.captions),
    {meteor: false},
  );
  return totals(scorer.score(captions))['CIDEr-D']!;
}

describe('The checkpoint that comes with the project', () => {
  let captioner: Captioner;
  before(async () => (captioner = await Captioner.load(folder)));
  after(() => captioner.dispose());

  it('is small, holds only what captions need, and says how it was trained', async () => {
    const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
    expect(bytes).to.be.below(20_000_000);
    const {decoder, encoder, training, settings, fineTuned, views} = await loadCheckpoint(folder);
    decoder.dispose();
    expect(training).to.equal(undefined);
    expect(settings).to.include({batch: 128, seed: 1, objective: 'self-critical'});
    expect(fineTuned).to.have.property('from', 'blocks.15');
    expect([encoder.preprocessing.size, views]).to.deep.equal([256, 3]);
  });

  it('writes a sentence for whatever image it is given', async () => {
    const drawn = join(temporaryFolder(), 'drawn');
    await drawScenes(drawn, {train: 0, validation: 0, test: 3});
    const results = await captioner.caption(readScenes(drawn).images.map(({file}) => file));
    for (const caption of said(results)) expect(caption.split(' ').length).to.be.within(4, 24);
  });

  describe('on photographs', function () {
    let dataset: Dataset;
    before(async function () {
      const photographs = flickr8k();
      if (photographs === undefined) return this.skip();
      dataset = await openDataset(photographs);
    });

    it('is as good as it is said to be', async () => {
      const images = ofSplit(dataset, 'validation').slice(0, 200);
      expect(await score(said(await captioner.caption(images.map(({file}) => file))), images)).to.be.above(
        0.55,
      );
    });

    it('says of those at their own size what suits them as well as what it says of the stretched ones', async () => {
      const originals = join(dataset.folder, 'originals');
      const images = readdirSync(originals).map((name) => dataset.images.find(({id}) => id === name)!);
      const own = said(await captioner.caption(images.map(({id}) => join(originals, id))));
      const stretched = said(await captioner.caption(images.map(({file}) => file)));
      expect(await score(own, images)).to.be.above(0.85 * (await score(stretched, images)));
    });
  });
});
