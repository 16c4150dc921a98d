import {expect} from 'chai';
import {peopleInCaptions, wordUse} from 'captioner';

describe('wordUse', () => {
  const of = (...captions: string[]): {captions: string[]} => ({captions});
  const images = [of('A dog runs .', 'The brown dog .'), of('A cat .', 'The cat sleeps .')];

  it('compares how often captions and people use a word, first what captions overdo', () => {
    expect(wordUse(['a brown dog', 'a dog'], images)).to.deep.equal([
      {word: 'dog', captions: 1, references: 0.5, unsupported: 0.5},
      {word: 'brown', captions: 0.5, references: 0.25, unsupported: 0},
    ]);
    expect(wordUse([], [])).to.deep.equal([]);
  });
});

describe('peopleInCaptions', () => {
  const image = (...captions: string[]): {captions: string[]} => ({captions});
  const woman = image(
    'A woman sings .',
    'A girl on a stage .',
    'Somebody sings .',
    'A lady sings .',
    'The woman .',
  );
  const man = image('A man .', 'A boy .', 'The man runs .', 'A runner .', 'Men run .');
  const both = image('A man and a woman .', 'A man .', 'A man and a girl .', 'A man .', 'A man .');

  it('counts who is mentioned, and who is taken for somebody else', () => {
    const found = peopleInCaptions(
      ['a man sings', 'a woman and a man', 'a man runs', 'a girl', 'a dog'],
      [woman, woman, man, man, both],
    );
    expect(found.captions).to.deep.equal({men: 0.6, women: 0.4});
    expect(found.references.women).to.equal((4 + 4 + 2) / 25);
    expect(found.ofWomen).to.deep.equal({images: 2, fraction: 0.5});
    expect(found.ofMen).to.deep.equal({images: 2, fraction: 0.5});
    expect(peopleInCaptions(['a dog'], [both]).ofMen).to.deep.equal({images: 0, fraction: 0});
  });
});
