import {scoresByWord} from 'captioner';
import {expect} from 'chai';

describe('kinds', () => {
  const of = (...captions: string[]): {captions: string[]} => ({captions});
  const images = [
    of('A dog runs .', 'The dog runs fast .', 'An animal in the snow .'),
    of('A dog sits .', 'A brown dog .', 'Two dogs .'),
    of('A boat on the sea .', 'The boat .', 'A dog on a boat .'),
    of('A boat .', 'A ship .', 'The sea .'),
  ];

  it('are words that most people use of an image, with the mean of the scores of such images', () => {
    expect(scoresByWord(images, [1, 0.5, 0.2, 0.9], {least: 1})).to.deep.equal([
      {word: 'runs', images: 1, score: 1},
      {word: 'dog', images: 2, score: 0.75},
      {word: 'boat', images: 1, score: 0.2},
    ]);
  });

  it('need enough images, and as much agreement as they are told', () => {
    expect(scoresByWord(images, [1, 0.5, 0.2, 0.9], {least: 2}).map(({word}) => word)).to.deep.equal(['dog']);
    const loose = scoresByWord(images, [1, 0.5, 0.2, 0.9], {least: 1, agreed: 0.3}).map(({word}) => word);
    expect(loose)
      .to.include.members(['snow', 'brown', 'sea', 'ship'])
      .and.not.include.members(['a', 'the', 'on']);
    expect(scoresByWord([], [])).to.deep.equal([]);
  });
});
