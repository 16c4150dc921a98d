import {Synonyms} from 'captioner/dist/metrics/meteor/synonyms';
import {expect} from 'chai';

const sets = 'big 1 2|large 2|man 3|church 4|boss 5|go 6|hope 7|hop 8|moss 9'.split('|');
const lines = sets.flatMap((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);

describe('METEOR synonyms', () => {
  let synonyms: Synonyms;
  before(async () => {
    synonyms = await Synonyms.read(lines, ['go', 'went gone', 'man', 'gone']);
  });

  it('include those of the base form', () => {
    const expected = {
      big: [1, 2],
      churches: [4],
      men: [3],
      bosses: [5],
      hoped: [7],
      hopping: [],
      hoping: [7],
    };
    for (const [word, own] of Object.entries(expected))
      expect([...synonyms.of(word)], word).to.deep.equal(own);
  });

  it('include those of every base form of an irregular form', () => {
    expect([...synonyms.of('went')]).to.deep.equal([6]);
    expect([...synonyms.of('gone')]).to.deep.equal([6, 3]);
  });

  it('are empty for a word that is not in WordNet', () => {
    for (const word of ['zzz', '', 's', 'constructor']) expect([...synonyms.of(word)]).to.deep.equal([]);
  });
});
