import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  type CaptionedImage,
  type Decoder,
  evaluate,
  falseClaims,
  FeatureStore,
  metricNames,
  scoreCaptions,
  Scorer,
  tf,
} from 'captioner';
import {captionBatch, searchCaptions} from 'captioner/dist/evaluation/evaluate';
import {pairCaptions} from 'captioner/dist/metrics/predictions';
import {totals} from 'captioner/dist/metrics/scorer';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyEncoder, type Toy} from '../training/toy';

const image = (id: string, captions: readonly string[]): CaptionedImage => ({
  id,
  file: `/${id}`,
  split: 'test',
  captions,
});

describe('evaluate', () => {
  let toy: Toy;
  let decoder: Decoder;
  let writer: {decoder: Decoder; vocabulary: Toy['vocabulary']};
  before(async () => {
    toy = await makeToy(temporaryFolder());
    decoder = toyDecoder(toy);
    writer = {decoder, vocabulary: toy.vocabulary};
    expect(existsSync(toy.features.folder)).to.equal(true);
  });
  after(() => decoder.dispose());

  it('gives a caption to each image that has features, and leaves the others out', async () => {
    const {images} = toy.dataset;
    const strangers = [image('nowhere.png', ['a square'])];
    const {captions, metrics} = await evaluate(writer, toy.features, [...strangers, ...images], {beams: 2});
    expect(captions.map(({image_id}) => image_id)).to.deep.equal(images.map(({id}) => id));
    expect(metrics).to.deep.equal((await evaluate(writer, toy.features, images, {beams: 2})).metrics);
    expect(Object.keys(metrics)).to.deep.equal([...metricNames]);
  });

  it('says which images it leaves out and why, also with a scorer of all', async () => {
    const {images} = toy.dataset;
    const file = join(temporaryFolder(), 'damaged.png');
    writeFileSync(file, readFileSync(images[0]!.file).subarray(0, 60));
    const all = [images[0]!, {...image('damaged.png', ['a broken square']), file}, ...images.slice(1)];
    const features = await FeatureStore.build(toyEncoder, all, temporaryFolder(), {kind: decoder.features});
    const scorer = await Scorer.create(all.map(({captions}) => captions));
    const found = await evaluate(writer, features, all, {scorer});
    expect(found.captions.map(({image_id}) => image_id)).to.deep.equal(images.map(({id}) => id));
    const [left, ...others] = found.leftOut;
    expect(others).to.deep.equal([]);
    expect(left!.image_id).to.equal('damaged.png');
    expect(left!.reason).to.match(/^cannot be decoded: /);
    expect(found.warnings[0]).to.equal(`1 of ${all.length} images left out: damaged.png (${left!.reason})`);
    const {frequencies} = scorer;
    const clean = await Scorer.create(
      images.map(({captions}) => captions),
      {frequencies},
    );
    expect(found.metrics).to.deep.equal((await evaluate(writer, features, images, {scorer: clean})).metrics);
  });

  it('goes by the numbers of COCO in predictions, so that they meet its annotations', async () => {
    const images = toy.dataset.images.map((one, at) => (at === 0 ? one : {...one, number: 100 + at}));
    const {captions, predictions} = await evaluate(writer, toy.features, images);
    expect(captions.map(({image_id}) => image_id)).to.deep.equal(images.map(({id}) => id));
    expect(predictions.slice(0, 3).map(({image_id}) => image_id)).to.deep.equal([images[0]!.id, 101, 102]);
    const annotations = images
      .slice(1)
      .flatMap(({number, captions: own}) => own.map((caption) => ({image_id: number, caption})));
    const {pairs} = pairCaptions(predictions.slice(1), {images: [], annotations});
    expect(pairs.map(({references}) => references)).to.deep.equal(images.slice(1).map((one) => one.captions));
  });

  it('scores what was said against all references of its own image', async () => {
    const {images} = toy.dataset;
    const {captions, metrics} = await evaluate(writer, toy.features, images, {beams: 1});
    const scorer = await Scorer.create(images.map((one) => one.captions));
    expect(metrics).to.deep.equal(totals(scorer.score(captions.map(({caption}) => caption))));
  });

  it('says of many images what it says of each alone', async () => {
    // More than fit into one go.
    const images = Array.from({length: 5}, () => toy.dataset.images).flat();
    expect(images.length).to.be.above(128);
    const together = await searchCaptions(writer, toy.features, images, {beams: 2});
    const alone = toy.dataset.images.map((one) => captionBatch(writer, toy.features, [one], {beams: 2})[0]!);
    expect(together.map(({caption}) => caption)).to.deep.equal(Array.from({length: 5}, () => alone).flat());
  });

  it('says how many captions are cut off, and takes the maximum length of the writer', async () => {
    const {images} = toy.dataset;
    const endless = {...writer, maximumLength: 3};
    const {captions, warnings} = await evaluate(endless, toy.features, images, {minimumLength: 3});
    expect(new Set(captions.map(({caption}) => caption.split(' ').length))).to.deep.equal(new Set([3]));
    const cut = warnings.filter((warning) => warning.includes('cut off at the maximum length'));
    expect(cut).to.have.length(1);
    expect(cut[0]).to.match(
      new RegExp(`^\\d+ of ${images.length} captions .* such as "… .+"; .*--set maximumLength=N`),
    );
    const longer = await evaluate(endless, toy.features, images, {minimumLength: 5, maximumLength: 5});
    expect(longer.captions[0]!.caption.split(' ')).to.have.length(5);
  });

  it('takes words to force or to ban as words', () => {
    const {images, vocabulary} = {...toy.dataset, vocabulary: toy.vocabulary};
    const [suppressWords, requiredPhrases] = [4, 6].map((id) => vocabulary.word(id)) as [string, string];
    for (const caption of captionBatch(writer, toy.features, images, {
      requiredPhrases: [requiredPhrases],
      suppressWords: [suppressWords],
    }))
      expect(caption.split(' ')).to.include(requiredPhrases).and.not.include(suppressWords);
    expect(() => captionBatch(writer, toy.features, images, {requiredPhrases: ['unicorn']})).to.throw(
      '"unicorn"',
    );
  });

  it('leaves no tensor behind, also where the search fails', async () => {
    const before = tf.memory().numTensors;
    await evaluate(writer, toy.features, toy.dataset.images);
    const failed = await refusal(evaluate(writer, toy.features, toy.dataset.images, {beams: 0}));
    expect(failed.code).to.equal('options');
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('refuses to score nothing', async () => {
    const strangers = [image('nowhere.png', ['a square'])];
    for (const images of [[], strangers])
      expect((await refusal(evaluate(writer, toy.features, images))).code).to.equal('captions');
  });
});

describe('scoreCaptions', () => {
  const images = [
    image('a', ['A dog runs on the grass.', 'a brown dog is running']),
    image('b', ['two cats sit on a red sofa']),
  ];
  const exact = ['a dog runs on the grass', 'Two cats sit on a red sofa .'];

  it('gives most to captions that people wrote, and less to others', async () => {
    const {metrics} = await scoreCaptions(exact, images);
    for (const name of ['BLEU-1', 'BLEU-4', 'METEOR', 'ROUGE-L'])
      expect(metrics[name], name).to.be.closeTo(1, 1e-6);
    expect(metrics['CIDEr-D']).to.be.above(5);
    const {metrics: exchanged} = await scoreCaptions([...exact].reverse(), images);
    for (const [name, score] of Object.entries(metrics)) expect(exchanged[name], name).to.be.below(score / 2);
  });

  it('scores each image alone, too', async () => {
    const {images: each, metrics} = await scoreCaptions(['a dog runs on the grass', 'a man'], images);
    expect(each.map((own) => Object.keys(own))).to.deep.equal([Object.keys(metrics), Object.keys(metrics)]);
    expect(each[0]!['ROUGE-L']).to.be.above(each[1]!['ROUGE-L']!);
    expect((each[0]!['CIDEr-D']! + each[1]!['CIDEr-D']!) / 2).to.be.closeTo(metrics['CIDEr-D']!, 1e-12);
  });

  it('says how varied captions are, and which nobody wrote before', async () => {
    const {diversity} = await scoreCaptions(exact, images, {training: ['A dog runs on the grass!']});
    expect(diversity['novel']).to.equal(0.5);
    expect(diversity['length']).to.equal(6.5);
    expect((await scoreCaptions(exact, images)).diversity).not.to.have.property('novel');
  });

  it('gives the same with a scorer that was made before', async () => {
    const scorer = await Scorer.create(images.map(({captions}) => captions));
    for (const captions of [exact, ['a', '']])
      expect((await scoreCaptions(captions, images, {scorer})).metrics).to.deep.equal(
        (await scoreCaptions(captions, images)).metrics,
      );
    expect((await refusal(scoreCaptions(['a'], images, {scorer}))).code).to.equal('captions');
  });

  it('gives the fraction of captions that are true where images verify them', async () => {
    const scene = {
      file: 'a.jpg',
      background: 'snow',
      time: 'day',
      main: 'dog',
      number: 1,
      objects: [{kind: 'dog', words: ['dog'], colour: 'brown', size: 'small', place: 'left', action: 'stand', box: [0, 0, 9, 9]}], // prettier-ignore
      captions: ['a dog stands in the snow'],
    } as const;
    const drawn = ['a', 'b', 'c', 'd'].map((id) => ({
      ...image(id, scene.captions),
      verify: (caption: string) => falseClaims(caption, scene),
    }));
    const captions = ['a brown dog', 'two dogs', 'a dog in the snow', 'a white dog'];
    const scores = await scoreCaptions(captions, drawn);
    expect(scores.metrics['factual']).to.equal(0.5);
    expect(scores.images.map((own) => own['factual'])).to.deep.equal([1, 0, 1, 0]);
    expect((await scoreCaptions(['a dog'], [image('e', ['a dog'])])).metrics).not.to.have.property('factual');
  });
});
