import {expect} from 'chai';
import {special, Vocabulary} from 'captioner';

const captions = ['a dog runs', 'a dog sits', "a cat's dog", 'constructor __proto__ constructor'];

describe('Vocabulary', () => {
  it('orders words by frequency after the special ones and breaks ties by the word', () => {
    const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
    const words = Array.from({length: vocabulary.size}, (_, id) => vocabulary.word(id));
    expect(words.slice(0, 4)).to.deep.equal(['<padding>', '<start>', '<end>', '<unknown>']);
    expect(words.slice(4)).to.deep.equal(['a', 'dog', 'constructor', "'s", 'cat', 'proto', 'runs', 'sits']);
  });

  it('does not depend on the order of captions', () => {
    const forth = Vocabulary.from(captions, {minimumCount: 1});
    const back = Vocabulary.from([...captions].reverse(), {minimumCount: 1});
    expect(forth.toJSON()).to.deep.equal(back.toJSON());
  });

  it('gives unknown words the unknown id', () => {
    const vocabulary = Vocabulary.from(captions, {minimumCount: 2});
    expect(vocabulary.encode('A dog sleeps')).to.deep.equal([4, 5, special.unknown]);
    expect(vocabulary.decode([4, 5, special.unknown])).to.equal('a dog <unknown>');
  });

  it('handles words that are property names of objects', () => {
    const vocabulary = Vocabulary.from(captions, {minimumCount: 2});
    expect(vocabulary.id('constructor')).to.equal(6);
    expect(vocabulary.id('toString')).to.equal(special.unknown);
  });

  it('decodes without padding, start and end, and joins clitics', () => {
    const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
    const ids = [special.start, ...vocabulary.encode("a cat's dog"), special.end, special.padding];
    expect(vocabulary.decode(ids)).to.equal("a cat's dog");
  });

  it('keeps the most frequent words if its size is limited', () => {
    expect(Vocabulary.from(captions, {minimumCount: 1, maximumSize: 2}).size).to.equal(6);
  });

  it('measures its coverage of captions', () => {
    const vocabulary = Vocabulary.from(captions, {minimumCount: 2});
    expect(vocabulary.coverage(['a dog', 'a horse'])).to.deep.equal({
      words: 4,
      known: 0.75,
      distinct: 3,
      distinctKnown: 2 / 3,
    });
    expect(vocabulary.coverage([]).known).to.equal(1);
  });

  it('survives a round trip through JSON', () => {
    const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
    const copy = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)));
    expect(copy.toJSON()).to.deep.equal(vocabulary.toJSON());
    expect(copy.encode(captions[2]!)).to.deep.equal(vocabulary.encode(captions[2]!));
  });

  it('writes scripts without spaces as they are written, also after a round trip through JSON', () => {
    const sentences = ['两只狗在雪地里玩耍', 'เด็กชายเตะบอล', '男の子がボールをける', 'a dog and 一只猫'];
    const vocabulary = Vocabulary.from(sentences, {minimumCount: 1});
    const copy = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)));
    for (const sentence of sentences) expect(copy.decode(copy.encode(sentence))).to.equal(sentence);
  });

  it('leaves spaces in the captions of vocabularies whose texts had them', () => {
    const vocabulary = Vocabulary.fromJSON({version: 1, words: ['一只', '狗', 'कु', 'dog']});
    expect(vocabulary.decode([4, 5, 6, 7])).to.equal('一只 狗 कु dog');
    expect(vocabulary.toJSON()).to.deep.equal({version: 1, words: ['一只', '狗', 'कु', 'dog']});
  });

  it('refuses JSON that is not a vocabulary', () => {
    for (const bad of [undefined, null, [], 'x', {version: 2, words: []}])
      expect(() => Vocabulary.fromJSON(bad))
        .to.throw('expected format version 1')
        .with.property('code', 'version');
    for (const words of ['x', [3], [''], ['a', 'a']])
      expect(() => Vocabulary.fromJSON({version: 1, words}))
        .to.throw('Vocabulary: expected')
        .with.property('code', 'mismatch');
  });

  it('refuses wrong options, ids out of range and captions without words', () => {
    expect(() => Vocabulary.from(captions, {minimumCount: 0}))
      .to.throw('`minimumCount`')
      .with.property('code', 'options');
    expect(() => Vocabulary.from(captions, {minimumCount: 9}))
      .to.throw('used at least 9 times')
      .with.property('code', 'captions');
    expect(() => Vocabulary.from(captions, {minimumCount: 1}).word(99)).to.throw(
      'expected an id from 0 to 11, got 99',
    );
  });
});
