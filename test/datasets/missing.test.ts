import {openDataset, checkMissing} from 'captioner';
import {checkLeftOut, nameMissing} from 'captioner/dist/datasets/missing';
import {expect} from 'chai';
import {imageFiles, lay} from './lay';

const names = Array.from({length: 200}, (_, k) => `photo-${k}.jpg`);
const table = [
  'image,caption,split',
  ...names.map((name, k) => `${name},A dog .,${k < 100 ? 'val' : 'test'}`),
];
const open = (absent: readonly number[], more: readonly string[] = []) =>
  openDataset(
    lay({
      'captions.csv': table.join('\n'),
      ...imageFiles([...names.filter((_, k) => !absent.includes(k)), ...more], 'images'),
    }),
  );

describe('Missing images', () => {
  it('are told of split by split, by name, with the nearest file', async () => {
    const dataset = await open([100, 7], ['photo_100.jpg', 'else.jpg']);
    expect(dataset.missingBySplit).to.deep.equal({
      train: [],
      validation: ['photo-7.jpg'],
      test: ['photo-100.jpg'],
    });
    expect(checkMissing(dataset, 'train')).to.equal(undefined);
    expect(checkMissing(dataset, 'test')).to.equal(
      '1 of 100 test images missing: photo-100.jpg (nearest to photo-100.jpg: images/photo_100.jpg)',
    );
  });

  it('are an error where more than one in a hundred is missing, unless that is allowed', async () => {
    const dataset = await open([100, 101, 102, 103, 7]);
    expect(() => checkMissing(dataset, 'test'))
      .to.throw(
        'test: expected at most 1 % of the images to be missing or unreadable, got 4 of 100 (photo-100.jpg, photo-101.jpg, photo-102.jpg, …); to score the others, add --allow-missing',
      ) // prettier-ignore
      .with.property('code', 'dataset');
    expect(checkMissing(dataset, 'validation')).to.match(/^1 of 100 validation images missing: photo-7\.jpg/);
    expect(checkMissing(dataset, 'test', {allowMissing: true})).to.match(/^4 of 100 test images missing:/);
    expect(() => checkLeftOut('x', 2, 98, {})).to.throw('x: expected at most 1 %');
    checkLeftOut('x', 1, 99, {});
  });

  it('have no nearest file where none is like them', () => {
    expect(nameMissing(['a-dog.jpg'], {unreferenced: ['images/something-else.png']})).to.equal('a-dog.jpg');
  });
});
