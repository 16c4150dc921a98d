import {describeSummary, openDataset, summarize} from 'captioner';
import {expect} from 'chai';
import {lay, imageFiles} from './lay';

const lines = ['a.jpg,train,"A dog runs ."', 'a.jpg,train,A dog', 'a.jpg,train,The dog !', 'b.jpg,test,A cat', 'c.jpg,val,A cow', 'x.jpg,train,A hen', ...Array<string>(200).fill('d.jpg,train,A dog'), 'e.jpg,later,A dog']; // prettier-ignore
const files = {
  'captions.csv': ['image,split,caption', ...lines].join('\n'),
  ...imageFiles(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'y.jpg', 'z.jpg']),
};

describe('summarize', () => {
  it('counts images, captions and what was left out', async () => {
    const folder = lay(files);
    const summary = summarize(await openDataset(folder));
    expect(summary).to.deep.equal({
      layout: 'own',
      folder,
      images: {train: 2, validation: 1, test: 1},
      captions: {train: 203, validation: 1, test: 1},
      captionsPerImage: {min: 1, mean: 205 / 4, max: 200},
      words: {total: 411, distinct: 6},
      rejected: [{file: 'captions.csv', line: 208, reason: 'expected the split train, validation or test, got "later"'}], // prettier-ignore
      missing: 1,
      missingNames: 'x.jpg (nearest to x.jpg: Images/y.jpg)',
      unassigned: 0,
      unreferenced: 2,
    });
    expect(describeSummary(summary)).to.equal(
      `${folder} (own): 2 train, 1 validation, 1 test images; 205 captions, 1 to 200 (mean 51.3) an image; 6 different words\n` +
        'left out: 1 line (captions.csv line 208: expected the split train, validation or test, got "later"), 1 missing image: x.jpg (nearest to x.jpg: Images/y.jpg), 2 images without captions',
    );
  });

  it('uses one line if nothing was left out and omits empty splits', async () => {
    const folder = lay({'a.csv': 'image,split,caption\na.jpg,train,A dog\n', ...imageFiles(['a.jpg'])});
    expect(describeSummary(summarize(await openDataset(folder)))).to.equal(
      `${folder} (own): 1 train images; 1 captions, 1 an image; 2 different words`,
    );
  });

  it('handles an empty data set', () => {
    const nothing = {images: [], rejected: [], missing: [], unassigned: [], unreferenced: []};
    const summary = summarize({layout: 'none', folder: '/', ...nothing});
    expect(summary.captionsPerImage).to.deep.equal({min: 0, mean: 0, max: 0});
    expect(summary.words).to.deep.equal({total: 0, distinct: 0});
  });
});
