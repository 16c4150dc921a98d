import {foreignEnds, markersIn} from 'captioner/dist/text/markers';
import {expect} from 'chai';

const around = (begin: string, end: string): string[] =>
  ['a dog runs', 'two cats sleep', 'a man sits'].map((caption) => `${begin} ${caption} ${end}`);

describe('Markers around captions', () => {
  it('are found in the forms that tools give them', () => {
    for (const [begin, end] of [
      ['<start>', '<end>'],
      ['<START>', '</START>'],
      ['startseq', 'endseq'],
      ['[CLS]', '[SEP]'],
      ['<bos>', '<eos>'],
      ['<|endoftext|>', '<|endoftext|>'],
      ['##START##', '##END##'],
      ['__start__', '__end__'],
    ] as const)
      expect(markersIn(around(begin, end)), begin).to.deep.equal([...new Set([begin, end])]);
    expect(markersIn(around('<s>', '</s> .'))).to.deep.equal(['<s>', '</s>']);
  });

  it('are not seen in plain captions, nor in a few', () => {
    expect(markersIn(around('', '.'))).to.deep.equal([]);
    expect(markersIn([...around('<start>', '<end>'), ...around('', ''), 'a dog'])).to.deep.equal([]);
    expect(markersIn([])).to.deep.equal([]);
  });

  it('of any form are found in captions whose references lack them', () => {
    const words = (captions: readonly string[]): string[][] => captions.map((caption) => caption.split(' '));
    const references = words(['a dog runs', 'two cats sleep', 'a man sits']).map((own) => [own]);
    expect(foreignEnds(words(around('begin', 'stop')), references)).to.deep.equal(['begin', 'stop']);
    expect(foreignEnds(words(['a dog runs', 'a cat runs']), references)).to.deep.equal([]);
  });
});
