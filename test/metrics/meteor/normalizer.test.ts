import {normalize, type Abbreviations} from 'captioner/dist/metrics/meteor/normalizer';
import {expect} from 'chai';

const abbreviations: Abbreviations = new Map([
  ['mr', 'always'],
  ['no', 'before a number'],
]);

function normal(line: string): string {
  return normalize(line, abbreviations).join(' ');
}

describe('METEOR normalizer', () => {
  it('separates punctuation', () => {
    expect(normal('Wait, (what) is “this”?')).to.equal('wait , ( what ) is " this " ?');
    expect(normal('1,000 dogs, 3.5 miles')).to.equal('1,000 dogs , 3.5 miles');
  });

  it('splits hyphenated words, except at a hyphen after a single letter', () => {
    expect(normal('a t-shirt — a-b-c')).to.equal('a t shirt — a b-c');
  });

  it('separates clitics', () => {
    expect(normal("the dog’s ball isn't in the 1990's")).to.equal("the dog 's ball isn 't in the 1990 's");
  });

  it('keeps the full stop of abbreviations and before lower-case words', () => {
    expect(normal('mr. X. No. 5. no. 5 inc. it ends.')).to.equal('mr. x . no . 5. no. 5 inc. it ends .');
    expect(normal('no. X')).to.equal('no . x');
  });

  it('removes full stops inside abbreviations, and keeps an ellipsis', () => {
    expect(normal('the U.S. and ... so..on')).to.equal('the us and ... so .. on');
  });

  it('returns no words for empty text', () => {
    expect([normalize('', abbreviations), normalize(' \u2009 ', abbreviations)]).to.deep.equal([[], []]);
  });
});
