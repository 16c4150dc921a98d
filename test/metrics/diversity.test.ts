import {captionWarnings, diversity} from 'captioner/dist/metrics/diversity';
import {expect} from 'chai';

const words = (...captions: string[]): string[][] =>
  captions.map((caption) => caption.split(' ').filter(Boolean));

describe('diversity', () => {
  it('counts distinct unigrams, bigrams and captions', () => {
    const captions = words('a dog runs', 'a dog runs', 'a cat', 'two cats');
    expect(diversity(captions, words('a cat', 'a bird'))).to.deep.equal({
      'distinct-1': 6 / 10,
      'distinct-2': 4 / 6,
      'repeated': 0.5,
      'novel': 0.75,
      'vocabulary': 6,
      'length': 2.5,
    });
  });

  it('omits `novel` without training captions', () => {
    expect(diversity(words('a dog'))).not.to.have.property('novel');
  });

  it('is finite for empty captions', () => {
    expect(diversity([[], []])).to.deep.equal({
      'distinct-1': 0,
      'distinct-2': 0,
      'repeated': 1,
      'vocabulary': 0,
      'length': 0,
    });
  });
});

describe('captionWarnings', () => {
  const varied = Array.from({length: 40}, (_, at) => `a dog number ${at} runs`);

  it('returns nothing for good captions', () => {
    expect(captionWarnings(words(...varied))).to.deep.equal([]);
    expect(captionWarnings(words('a dog'))).to.deep.equal([]);
  });

  it('reports one caption for more than a tenth of the images', () => {
    const same = Array<string>(5).fill('a man in a red shirt');
    expect(captionWarnings(words(...varied, ...same))).to.deep.equal([
      '5 of 45 images have the same caption: "a man in a red shirt"',
    ]);
    expect(captionWarnings(words(...varied, ...same.slice(1)))).to.deep.equal([]);
  });

  it('reports captions that end in mid-sentence', () => {
    expect(captionWarnings(words(...varied, 'a dog runs in the'))).to.deep.equal([
      '1 of 41 captions end in mid-sentence, such as "… runs in the"',
    ]);
    for (const end of ['a', 'the', 'of', 'with'])
      expect(captionWarnings(words(...varied, `a dog ${end}`))).to.have.length(1);
  });

  it('reports empty captions', () => {
    expect(captionWarnings(words(...varied, ''))).to.deep.equal(['1 of 41 captions are empty']);
  });
});
