import {expect} from 'chai';
import {inIds, type InWords} from 'captioner/dist/decoders/wording';
import type {SampleOptions} from 'captioner/dist/decoders/sampling';
import type {SearchOptions} from 'captioner/dist/decoders/search';
import {CaptionerError} from 'captioner/dist/errors';
import {Vocabulary} from 'captioner/dist/text/vocabulary';

describe('inIds', () => {
  const vocabulary = Vocabulary.from(['a red ball', 'a dog', 'the dog is not red', "the dog isn't red"], {
    minimumCount: 1,
  });
  const id = (word: string): number => vocabulary.id(word);

  it('turns words into ids as captions are read, and leaves ids and other options as they are', () => {
    const options: InWords<SearchOptions> = {
      beams: 5,
      forced: ['Red BALL', "isn't", 'dog', [id('a'), 7]],
      banned: ['The', 9],
    };
    expect(inIds<SearchOptions>(options, vocabulary)).to.deep.equal({
      beams: 5,
      forced: [[id('red'), id('ball')], [id('is'), id("n't")], [id('dog')], [id('a'), 7]],
      banned: [id('the'), 9],
    });
    expect(options.forced![0]).to.equal('Red BALL');
    expect(inIds<SampleOptions>({banned: ['dog']}, vocabulary)).to.deep.equal({banned: [id('dog')]});
    expect(inIds<SearchOptions>({beams: 2}, vocabulary)).to.deep.equal({beams: 2});
  });

  it('refuses words that are unknown, none, or too many, and names them', () => {
    for (const [options, message] of [
      [
        {forced: ['dog', 'red unicorn']},
        '`forced`: expected words that the decoder can write, got "unicorn"',
      ],
      [{banned: ['constructor']}, '`banned`: expected words that the decoder can write, got "constructor"'],
      [{banned: ['red ball']}, '`banned`: expected single words, got "red ball"'],
      [{forced: [' ']}, '`forced`: expected words, got " "'],
    ] as const)
      expect(() => inIds<SearchOptions>(options, vocabulary))
        .to.throw(CaptionerError, message)
        .with.property('code', 'options');
    // What is no list at all, the search refuses.
    expect(inIds<SearchOptions>({forced: 'dog'} as object, vocabulary)).to.deep.equal({forced: 'dog'});
  });
});
