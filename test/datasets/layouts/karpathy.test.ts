import {join} from 'node:path';
import {openDataset} from 'captioner';
import {expect} from 'chai';
import {lay, imageFiles, refusal} from '../lay';

interface Image {
  filename: string;
  split: unknown;
  sentences?: readonly string[];
  more?: object;
}

/** Splits as published, tokens and running numbers included. */
function published(dataset: string, images: readonly Image[]): string {
  return JSON.stringify({
    images: images.map(({filename, split, sentences = ['A dog .'], more}, imgid) => ({
      sentids: sentences.map((_, k) => 5 * imgid + k),
      imgid,
      sentences: sentences.map((raw, k) => ({tokens: raw.split(' '), raw, imgid, sentid: 5 * imgid + k})),
      split,
      filename,
      ...more,
    })),
    dataset,
  });
}

describe("Karpathy's splits", () => {
  const coco = published('coco', [
    {
      filename: 'v1.jpg',
      split: 'restval',
      sentences: ['A cat .', 'Two cats .'],
      more: {filepath: 'val2014', cocoid: 11},
    },
    {filename: 'v2.jpg', split: 'val', more: {filepath: 'val2014', cocoid: 12}},
    {filename: 'v3.jpg', split: 'test', more: {filepath: 'val2014', cocoid: 13}},
    {filename: 't1.jpg', split: 'train', more: {filepath: 'train2014', cocoid: 14}},
  ]);

  it("of COCO take precedence over COCO's own files and train on restval", async () => {
    const folder = lay({
      'dataset_coco.json': coco,
      'annotations/captions_val2014.json': '{}',
      ...imageFiles(['v1.jpg', 'v2.jpg', 'v3.jpg'], 'val2014'),
      ...imageFiles(['t1.jpg'], 'train2014'),
    });
    const dataset = await openDataset(folder);
    expect(dataset.layout).to.equal('karpathy-coco');
    expect(dataset.images.map(({id, split, number}) => [id, split, number])).to.deep.equal([
      ['v1.jpg', 'train', 11],
      ['v2.jpg', 'validation', 12],
      ['v3.jpg', 'test', 13],
      ['t1.jpg', 'train', 14],
    ]);
    expect(dataset.images[0]!.captions).to.deep.equal(['A cat .', 'Two cats .']);
    expect(dataset.images[3]!.file).to.equal(join(folder, 'train2014', 't1.jpg'));
  });

  const flickr = [
    ['flickr8k', 'Images'],
    ['flickr8k', 'Flicker8k_Dataset'],
    ['flickr30k', 'flickr30k_images'],
    ['flickr30k', 'flickr30k-images'],
  ] as const;
  for (const [set, images] of flickr)
    it(`of ${set} are read with images in ${images}`, async () => {
      const text = published(set, [
        {filename: 'a.jpg', split: 'train'},
        {filename: 'b.jpg', split: 'val'},
        {filename: 'c.jpg', split: 'test'},
      ]);
      const folder = lay({
        [`dataset_${set}.json`]: text,
        'captions.txt': 'no captions at all',
        ...imageFiles(['a.jpg', 'b.jpg'], images),
      });
      const dataset = await openDataset(folder);
      expect(dataset.layout).to.equal(`karpathy-${set}`);
      expect(dataset.images).to.deep.equal([
        {id: 'a.jpg', file: join(folder, images, 'a.jpg'), split: 'train', captions: ['A dog .']},
        {id: 'b.jpg', file: join(folder, images, 'b.jpg'), split: 'validation', captions: ['A dog .']},
      ]);
      expect(dataset.missing).to.deep.equal(['c.jpg']);
    });

  for (const set of ['flickr8k', 'flickr30k', 'coco'])
    it(`of ${set} are read from the folders that they name, whatever these are called`, async () => {
      const text = published(set, [
        {filename: 'a.jpg', split: 'train', more: {filepath: 'photos'}},
        {filename: 'a.jpg', split: 'test', more: {filepath: 'more/of them'}},
      ]);
      const files = {...imageFiles(['a.jpg'], 'photos'), ...imageFiles(['a.jpg'], 'more/of them')};
      const folder = lay({[`dataset_${set}.json`]: text, ...files});
      const {images, missing} = await openDataset(folder);
      expect(images.map(({id, split}) => [id, split])).to.deep.equal([
        ['photos/a.jpg', 'train'],
        ['more/of them/a.jpg', 'test'],
      ]);
      expect(missing).to.deep.equal([]);
      const alone = published(set, [{filename: 'a.jpg', split: 'train', more: {filepath: 'photos'}}]);
      const nowhere = await refusal(lay({[`dataset_${set}.json`]: alone}));
      expect(nowhere.message).to.include('expected the images that the captions name in ');
    });

  it('reject bad images with their numbers', async () => {
    const good = Array.from({length: 500}, (_, k): Image => ({filename: `${k}.jpg`, split: 'train'}));
    const text = published('flickr8k', [
      {filename: 'a.jpg', split: 'dev'},
      {filename: 'b.jpg', split: 'train', sentences: []},
      {filename: 'c.jpg', split: 'train', more: {sentences: 'A dog .'}},
      {filename: 'd.jpg', split: 'train', more: {sentences: [{tokens: ['a']}]}},
      {filename: '0.jpg', split: 'test'},
      ...good,
    ]);
    const dataset = await openDataset(lay({'dataset_flickr8k.json': text, ...imageFiles(['1.jpg'])}));
    expect(dataset.rejected.map(({line, reason}) => [line, reason]).slice(0, 4)).to.deep.equal([
      [1, 'expected the split train, restval, val or test, got "dev"'],
      [2, 'expected sentences about b.jpg, found none'],
      [3, 'expected a filename and sentences, got another form'],
      [4, 'expected the raw text of a sentence, got another form'],
    ]);
    expect(dataset.rejected[4]).to.deep.equal({
      file: 'dataset_flickr8k.json',
      line: 6,
      reason: 'expected 0.jpg in one split, got train after test',
    });
  });

  it('are refused if two of the files are present or one has another form', async () => {
    const both = {'dataset_coco.json': coco, 'dataset_flickr8k.json': '{}'};
    expect((await refusal(lay(both))).message).to.match(
      /expected one of Karpathy's files, found dataset_flickr8k.json, dataset_coco.json$/,
    );
    const error = await refusal(lay({'dataset_flickr8k.json': '{"images": []}', ...imageFiles(['a.jpg'])}));
    expect(error.message).to.match(/expected {"images": \[…\]}, found nothing in "images"$/);
  });
});
