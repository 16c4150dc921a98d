import {expect} from 'chai';
import {CaptionerError, type SampleOptions, type SearchOptions, Vocabulary, type WithText} from 'captioner';
import {phrasesToIds} from 'captioner/dist/search/phrases';

describe('phrasesToIds', () => {
  const vocabulary = Vocabulary.from(['a red ball', 'a dog', 'the dog is not red', "the dog isn't red"], {
    minimumCount: 1,
  });
  const id = (word: string): number => vocabulary.id(word);

  it('tokenizes text like captions, and leaves ids and other options unchanged', () => {
    const options: WithText<SearchOptions> = {
      beams: 5,
      requiredPhrases: ['Red BALL', "isn't", 'dog', [id('a'), 7]],
      suppressWords: ['The', 9],
    };
    expect(phrasesToIds<SearchOptions>(options, vocabulary)).to.deep.equal({
      beams: 5,
      requiredPhrases: [[id('red'), id('ball')], [id('is'), id("n't")], [id('dog')], [id('a'), 7]],
      suppressWords: [id('the'), 9],
    });
    expect(options.requiredPhrases![0]).to.equal('Red BALL');
    expect(phrasesToIds<SampleOptions>({suppressWords: ['dog']}, vocabulary)).to.deep.equal({
      suppressWords: [id('dog')],
    });
    expect(phrasesToIds<SearchOptions>({beams: 2}, vocabulary)).to.deep.equal({beams: 2});
  });

  it('rejects unknown words, empty text and several words where one is expected', () => {
    for (const [options, message] of [
      [
        {requiredPhrases: ['dog', 'red unicorn']},
        '`requiredPhrases`: expected words that the decoder can write, got "unicorn"',
      ],
      [
        {suppressWords: ['constructor']},
        '`suppressWords`: expected words that the decoder can write, got "constructor"',
      ],
      [{suppressWords: ['red ball']}, '`suppressWords`: expected single words, got "red ball"'],
      [{requiredPhrases: [' ']}, '`requiredPhrases`: expected words, got " "'],
    ] as const)
      expect(() => phrasesToIds<SearchOptions>(options, vocabulary))
        .to.throw(CaptionerError, message)
        .with.property('code', 'options');
    // Values that are not arrays are left to the search.
    expect(phrasesToIds<SearchOptions>({requiredPhrases: 'dog'} as object, vocabulary)).to.deep.equal({
      requiredPhrases: 'dog',
    });
  });
});
