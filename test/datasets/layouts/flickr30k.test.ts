import {join} from 'node:path';
import {openDataset} from 'captioner';
import {expect} from 'chai';
import {lay, imageFiles, refusal} from '../lay';

const csv = [
  'image_name| comment_number| comment',
  '1000092795.jpg| 0| Two young guys , with shaggy hair , say "hi" .',
  '1000092795.jpg| 1| Two young , White males | outside .',
  '2199200615.jpg| 3| A black dog runs .',
  '2199200615.jpg| 4   A dog runs across the grass .',
  '',
].join('\n');
const names = ['1000092795.jpg', '2199200615.jpg'];
const captions = [
  ['Two young guys , with shaggy hair , say "hi" .', 'Two young , White males | outside .'],
  ['A black dog runs .', 'A dog runs across the grass .'],
];

describe("Kaggle's Flickr30k", () => {
  const places = [
    ['results.csv', 'flickr30k_images'],
    ['results.csv', 'flickr30k_images/flickr30k_images'],
    ['flickr30k_images/results.csv', 'flickr30k_images'],
    ['flickr30k_images/results.csv', 'flickr30k_images/flickr30k_images'],
    ['flickr30k_images/flickr30k_images/results.csv', 'flickr30k_images/flickr30k_images'],
  ] as const;
  for (const [file, images] of places)
    it(`is read with ${file} and images in ${images}`, async () => {
      const folder = lay({[file]: csv, ...imageFiles(names, images)});
      const dataset = await openDataset(folder);
      expect(dataset.layout).to.equal('flickr30k-kaggle');
      expect(dataset.images.map((image) => image.file)).to.deep.equal(
        names.map((name) => join(folder, images, name)),
      );
      // The last line was published without its second separator.
      expect(dataset.images.map((image) => image.captions)).to.deep.equal(captions);
      expect([dataset.rejected, dataset.unreferenced]).to.deep.equal([[], []]);
    });

  it('is refused with another header', async () => {
    const other = csv.replace('comment_number', 'number');
    const error = await refusal(lay({'results.csv': other, ...imageFiles(names, 'flickr30k_images')}));
    expect(error.code).to.equal('captions');
    expect(error.message).to.match(
      /line 1: expected the header "image_name\| comment_number\| comment", got "image_name\| number\|/,
    );
  });

  it('rejects incomplete lines except the known one', async () => {
    const many = Array.from({length: 200}, (_, k) => `${names[0]}| ${k}| A dog .`);
    const lines = [csv.trim(), 'a.jpg| A dog .', 'A dog', ...many].join('\n');
    const {rejected} = await openDataset(
      lay({'results.csv': lines, ...imageFiles(names, 'flickr30k_images')}),
    );
    expect(rejected.map(({line}) => line)).to.deep.equal([6, 7]);
    expect(rejected[0]!.reason).to.match(/^expected "image_name\| comment_number\| comment", got "a.jpg\| A/);
  });
});

describe('The original layout of Flickr30k', () => {
  it('is read from its token file and split by name', async () => {
    const many = Array.from({length: 300}, (_, k) => `${1000 + k}.jpg`);
    const token = many.flatMap((name) => [0, 1].map((k) => `${name}#${k}\tA "dog , ${k} .\n`)).join('');
    const folder = lay({'results_20130124.token': token, ...imageFiles(many, 'flickr30k-images')});
    const {layout, images} = await openDataset(folder);
    expect(layout).to.equal('flickr30k');
    expect(images[0]).to.deep.include({id: '1000.jpg', captions: ['A "dog , 0 .', 'A "dog , 1 .']});
    expect(images[0]!.file).to.equal(join(folder, 'flickr30k-images', '1000.jpg'));
    expect(images.filter(({split}) => split === 'train').length).to.be.within(200, 280);
  });
});
