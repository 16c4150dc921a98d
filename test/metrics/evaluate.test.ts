import {existsSync} from 'node:fs';
import type {CaptionedImage} from 'captioner/dist/data/dataset';
import type {Decoder} from 'captioner/dist/decoders/decoder';
import {CaptionerError} from 'captioner/dist/errors';
import {bleu} from 'captioner/dist/metrics/bleu';
import {captionImages, evaluate, scoreCaptions} from 'captioner/dist/metrics/evaluate';
import {pairCaptions} from 'captioner/dist/metrics/pairs';
import {tf} from 'captioner/dist/runtime/native';
import {tokenize} from 'captioner/dist/text/tokenizer';
import {expect} from 'chai';
import {temporaryFolder} from '../support';
import {makeToy, toyDecoder, type Toy} from '../training/toy';

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
    expect(existsSync(toy.store.folder)).to.equal(true);
  });
  after(() => decoder.dispose());

  it('gives a caption to each image that has features, and leaves the others out', () => {
    const {images} = toy.dataset;
    const strangers = [image('nowhere.png', ['a square'])];
    const {captions, metrics} = evaluate(writer, toy.store, [...strangers, ...images], {beams: 2});
    expect(captions.map(({image_id}) => image_id)).to.deep.equal(images.map(({id}) => id));
    expect(metrics).to.deep.equal(evaluate(writer, toy.store, images, {beams: 2}).metrics);
    expect(Object.keys(metrics)).to.deep.equal(['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4']);
  });

  it('goes by the numbers of COCO in predictions, so that they meet its annotations', () => {
    const images = toy.dataset.images.map((one, at) => (at === 0 ? one : {...one, number: 100 + at}));
    const {captions, predictions} = evaluate(writer, toy.store, images);
    expect(captions.map(({image_id}) => image_id)).to.deep.equal(images.map(({id}) => id));
    expect(predictions.slice(0, 3).map(({image_id}) => image_id)).to.deep.equal([images[0]!.id, 101, 102]);
    const annotations = images
      .slice(1)
      .flatMap(({number, captions: own}) => own.map((caption) => ({image_id: number, caption})));
    const pairs = pairCaptions(predictions.slice(1), {images: [], annotations});
    expect(pairs.map(({references}) => references)).to.deep.equal(images.slice(1).map((one) => one.captions));
  });

  it('scores what was said against all references of its own image', () => {
    const {images} = toy.dataset;
    const {captions, metrics} = evaluate(writer, toy.store, images, {beams: 1});
    const candidates = captions.map(({caption}) => tokenize(caption));
    const references = images.map((one) => one.captions.map(tokenize));
    expect(metrics).to.deep.equal(bleu(candidates, references));
  });

  it('says of many images what it says of each alone', () => {
    // More than fit into one go.
    const images = Array.from({length: 5}, () => toy.dataset.images).flat();
    expect(images.length).to.be.above(128);
    const together = captionImages(writer, toy.store, images, {beams: 2});
    const alone = toy.dataset.images.map((one) => captionImages(writer, toy.store, [one], {beams: 2})[0]!);
    expect(together).to.deep.equal(Array.from({length: 5}, () => alone).flat());
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    evaluate(writer, toy.store, toy.dataset.images);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('refuses to score nothing', () => {
    const strangers = [image('nowhere.png', ['a square'])];
    for (const images of [[], strangers])
      expect(() => evaluate(writer, toy.store, images))
        .to.throw(CaptionerError)
        .with.property('code', 'captions');
  });
});

describe('scoreCaptions', () => {
  it('gives 1 to captions that people wrote, and less to others', () => {
    const images = [
      image('a', ['A dog runs on the grass.', 'a brown dog is running']),
      image('b', ['two cats sit on a red sofa']),
    ];
    const exact = scoreCaptions(['a dog runs on the grass', 'two cats sit on a red sofa'], images);
    for (const score of Object.values(exact)) expect(score).to.be.closeTo(1, 1e-6);
    const exchanged = scoreCaptions(['two cats sit on a red sofa', 'a dog runs on the grass'], images);
    expect(exchanged['BLEU-4']).to.be.below(0.01);
  });

  it('says how many captions are true where it is known what was drawn', () => {
    const scene = {
      file: 'a.jpg',
      background: 'snow',
      time: 'day',
      main: 'dog',
      number: 1,
      objects: [{kind: 'dog', words: ['dog'], colour: 'brown', size: 'small', place: 'left', action: 'stand', box: [0, 0, 9, 9]}], // prettier-ignore
      captions: ['a dog stands in the snow'],
    } as const;
    const images = ['a', 'b', 'c', 'd'].map((id) => ({...image(id, scene.captions), scene}));
    const captions = ['a brown dog', 'two dogs', 'a dog in the snow', 'a white dog'];
    expect(scoreCaptions(captions, images)['true']).to.equal(0.5);
    expect(scoreCaptions(['a dog'], [image('e', ['a dog'])])).not.to.have.property('true');
  });
});
