import {expect} from 'chai';
import {tokenize} from 'captioner';
import {cleanText} from 'captioner/dist/text/tokenizer';

describe('tokenize', () => {
  const cases: [string, string][] = [
    ['A child in a pink dress .', 'a child in a pink dress'],
    ["A dog's ball — it's red!", "a dog 's ball it 's red"],
    ["They don't, won't and can’t.", "they do n't wo n't and ca n't"],
    ['a black-and-white T-shirt', 'a black-and-white t-shirt'],
    ['number 3.5 at 10:30, and 1,000 people', 'number 3.5 at 10:30 and 1,000 people'],
    ['"quoted" (words) [here]; and/or', 'quoted words here and or'],
    ['Café ÉCLAIR naïve', 'café éclair naïve'],
    ['CAFE\u0301', 'café'],
    ['', ''],
    [' . , ! ', ''],
    ['__proto__ constructor', 'proto constructor'],
    ['犬が走る', '犬が走る'],
  ];
  for (const [caption, words] of cases)
    it(`splits ${JSON.stringify(caption)}`, () => expect(tokenize(caption).join(' ')).to.equal(words));

  it('is idempotent', () => {
    for (const [caption] of cases) {
      const once = tokenize(caption).filter((word) => !word.includes("'"));
      expect(tokenize(once.join(' '))).to.deep.equal(once);
    }
  });
});

describe('cleanText', () => {
  it('removes control and bidirectional characters and joins white space', () => {
    expect(cleanText('a\u202E dog\u0000\t\n runs\u200B ')).to.equal('a dog runs');
  });

  it('truncates long text', () => {
    expect(cleanText('a'.repeat(10_000))).to.have.length(2000);
  });
});
