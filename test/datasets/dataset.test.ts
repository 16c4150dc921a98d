import {join} from 'node:path';
import {CaptionerError, type Dataset, ofSplit, openDataset, splits} from 'captioner';
import {kaggleFlickr8k} from 'captioner/dist/datasets/layouts/flickr8k';
import {expect} from 'chai';
import {flickr8k} from '../support';
import {lay, imageFiles, refusal} from './lay';

const tokens =
  'a.jpg#0\tA dog .\nb.jpg#0\tA cat .\na.jpg#1\tA brown dog .\nc.jpg#0\tA cow .\nd.jpg#0\tA hen .\n';
const official = {
  'Flickr_8k.trainImages.txt': 'a.jpg\nb.jpg\n',
  'Flickr_8k.devImages.txt': 'c.jpg\n',
};

/** Checks that a data set is fit for training and evaluation. */
function checkSound({images}: Dataset): void {
  expect(new Set(images.map(({id}) => id)).size).to.equal(images.length);
  for (const {captions, split} of images) {
    expect(captions).to.not.be.empty;
    expect(splits).to.include(split);
  }
}

describe('openDataset', () => {
  it('reads Flickr8k with its split files and groups captions by image', async () => {
    const folder = lay({
      'Flickr8k.token.txt': tokens,
      ...official,
      ...imageFiles(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']),
    });
    const dataset = await openDataset(folder);
    expect(dataset.layout).to.equal('flickr8k');
    expect(dataset.images).to.deep.equal([
      {
        id: 'a.jpg',
        file: join(folder, 'Images', 'a.jpg'),
        split: 'train',
        captions: ['A dog .', 'A brown dog .'],
      },
      {id: 'b.jpg', file: join(folder, 'Images', 'b.jpg'), split: 'train', captions: ['A cat .']},
      {id: 'c.jpg', file: join(folder, 'Images', 'c.jpg'), split: 'validation', captions: ['A cow .']},
    ]);
    expect(ofSplit(dataset, 'train').map(({id}) => id)).to.deep.equal(['a.jpg', 'b.jpg']);
    expect(ofSplit(dataset, 'test')).to.deep.equal([]);
  });

  it('finds images in the original folder, too', async () => {
    const folder = lay({
      'Flickr8k.token.txt': tokens,
      ...official,
      ...imageFiles(['a.jpg'], 'Flicker8k_Dataset'),
    });
    expect((await openDataset(folder)).images[0]!.file).to.equal(join(folder, 'Flicker8k_Dataset', 'a.jpg'));
  });

  it('lists missing images and continues', async () => {
    const folder = lay({'Flickr8k.token.txt': tokens, ...official, ...imageFiles(['b.jpg'])});
    const dataset = await openDataset(folder);
    expect(dataset.images.map(({id}) => id)).to.deep.equal(['b.jpg']);
    expect(dataset.missing).to.deep.equal(['a.jpg', 'c.jpg']);
  });

  it("splits Kaggle's layout by name, about 8:1:1, independent of its path", async () => {
    const names = Array.from({length: 2000}, (_, k) => `${k}.jpg`);
    const csv = ['image,caption', ...names.flatMap((name) => [`${name},One .`, `${name},"Two , three ."`])];
    const folders = [0, 1].map(() => lay({'captions.txt': csv.join('\n'), ...imageFiles(names)}));
    const [one, other] = await Promise.all(folders.map((folder) => openDataset(folder)));
    checkSound(one!);
    expect(one!.layout).to.equal('flickr8k-kaggle');
    expect(ofSplit(one!, 'train').length).to.be.within(1520, 1680);
    expect(ofSplit(one!, 'validation').length).to.be.within(150, 250);
    expect(ofSplit(one!, 'test').length).to.be.within(150, 250);
    expect(one!.images.every(({captions}) => captions.join() === 'One .,Two , three .')).to.equal(true);
    expect(other!.images.map(({split}) => split)).to.deep.equal(one!.images.map(({split}) => split));
  });

  it("uses official split files beside Kaggle's captions", async () => {
    const csv = 'image,caption\na.jpg,A dog .\nc.jpg,A cow .\n';
    const dataset = await openDataset(
      lay({'captions.txt': csv, ...official, ...imageFiles(['a.jpg', 'c.jpg'])}),
    );
    expect(dataset.images.map(({split}) => split)).to.deep.equal(['train', 'validation']);
  });

  it('refuses split files that name an image twice', async () => {
    const twice = {...official, 'Flickr_8k.testImages.txt': 'b.jpg\n'};
    const error = await refusal(
      lay({'Flickr8k.token.txt': tokens, ...twice, ...imageFiles(['a.jpg', 'b.jpg'])}),
    );
    expect(error.code).to.equal('dataset');
    expect(error.message).to.include(
      'expected b.jpg in one split, but Flickr_8k.trainImages.txt names it too',
    );
  });

  it('lists the known layouts and the content of an unknown folder', async () => {
    const error = await refusal(lay({'readme.md': '', 'photos/a.jpg': ''}));
    expect(error).to.be.instanceOf(CaptionerError);
    expect(error.code).to.equal('dataset');
    expect(error.message).to.match(
      /expected .*scenes\.json.*Flickr8k\.token\.txt.*captions\.txt.*; found photos, readme\.md$/,
    );
  });

  const cases = [
    ['an empty folder', {}, /found an empty folder$/],
    ['captions without an image folder', {'Flickr8k.token.txt': tokens}, /expected a folder Images or/],
    [
      'captions without any of their images',
      {'Flickr8k.token.txt': tokens, ...imageFiles(['x.jpg'])},
      /found none of 4: a\.jpg, b\.jpg, c\.jpg, … \(nearest to a\.jpg: Images\/x\.jpg\)$/,
    ],
    [
      'split files that fit no caption',
      {'Flickr8k.token.txt': tokens, 'Flickr_8k.devImages.txt': 'x.jpg', ...imageFiles(['a.jpg'])},
      /split files to name images with captions, found none of 4/,
    ],
    [
      'a caption file without captions',
      {'captions.txt': 'image,caption\n', ...imageFiles(['a.jpg'])},
      /expected captions, found none/,
    ],
  ] as const;
  for (const [what, files, message] of cases)
    it(`refuses ${what}`, async () => {
      const error = await refusal(lay(files));
      expect(error.code).to.equal('dataset');
      expect(error.message).to.match(message);
    });

  it('refuses a file and a missing folder', async () => {
    const folder = lay({'a.txt': ''});
    expect((await refusal(join(folder, 'a.txt'))).message).to.include('expected a folder, found a file');
    expect((await refusal(join(folder, 'b'))).code).to.equal('not-found');
  });

  it('reads the same images of Flickr8k from both layouts', async function () {
    const folder = flickr8k();
    if (folder === undefined) {
      console.log('      skipped: FLICKR8K names no folder with images');
      return this.skip();
    }
    const own = await openDataset(folder);
    const kaggle = await kaggleFlickr8k.read(folder);
    checkSound(own);
    expect([own.rejected, own.missing, kaggle.rejected, kaggle.missing]).to.deep.equal([[], [], [], []]);
    expect(ofSplit(own, 'train')).to.have.length(6000);
    expect(ofSplit(own, 'validation')).to.have.length(1000);
    const sorted = (dataset: Dataset): [string, string, string][] =>
      dataset.images
        .map(({id, split, captions}): [string, string, string] => [
          id,
          split,
          [...captions].sort().join('\n'),
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(kaggle)).to.deep.equal(sorted(own));
  });
});
