import {createDecoder, type DecoderKind, decoderKinds, tf, Vocabulary} from 'captioner';
import {withVocabulary} from 'captioner/dist/decoders/extend-vocabulary';
import {
  checkWords,
  describeWords,
  measureWords,
  newWords,
  suitedMinimumCount,
} from 'captioner/dist/training/training-words';
import {expect} from 'chai';

/** Captions of which every word occurs `times` times. */
const repeated = (words: readonly string[], times: number): string[] =>
  Array.from({length: times}, () => words.join(' '));
const many = (count: number): string[] => Array.from({length: count}, () => 'a dog runs on the grass');

describe('The words of a training', () => {
  it('occur at least as often as suits the number of captions', () => {
    expect(suitedMinimumCount(['a dog', 'a cat'])).to.equal(1);
    expect(suitedMinimumCount(many(999))).to.equal(1);
    expect(suitedMinimumCount(many(1000))).to.equal(3);
    expect(suitedMinimumCount(many(10_000))).to.equal(5);
  });

  it('are more where rare words are much of the text', () => {
    const rare = Array.from({length: 1200}, (_, k) => `a word${k >> 1} seen`);
    expect(suitedMinimumCount(rare)).to.equal(2);
    expect(suitedMinimumCount(Array.from({length: 1200}, (_, k) => `a word${k} seen`))).to.equal(1);
    // Words that a checkpoint knows already are not unknown.
    const known = Vocabulary.from(rare, {minimumCount: 1});
    expect(suitedMinimumCount(rare, known)).to.equal(3);
  });

  it('are described with what is unknown and cut off', () => {
    const captions = [...repeated(['un', 'chien', 'court'], 9), 'un chat'];
    const vocabulary = Vocabulary.from(captions, {minimumCount: 2});
    const words = measureWords(captions, vocabulary, {maximumLength: 2});
    expect(words).to.deep.include({words: 3, distinct: 4, captions: 10, cut: 9});
    expect(words.unknown).to.be.closeTo(1 / 29, 1e-12);
    expect(describeWords(words)).to.equal(
      'vocabulary: 3 words; the training captions use 4, 3.4 % of their text is unknown; 9 of 10 captions cut off after 2 words',
    );
    expect(describeWords({...words, added: 2, words: 1500})).to.match(
      /^vocabulary: 1,500 words \(2 of them new\);/,
    );
  });

  it('are refused where a fifth of the text is unknown or a fifth of the captions is cut off', () => {
    const captions = Array.from({length: 10}, (_, k) => `a word${k} b`);
    const words = measureWords(captions, Vocabulary.from(captions, {minimumCount: 2}), {maximumLength: 24});
    expect(() => checkWords(words, {}))
      .to.throw('got 33 %: the vocabulary has 2 words, the captions use 12; choose a lower `minimumCount`')
      .with.property('code', 'options');
    const cut = {...words, unknown: 0.2, cut: 3};
    expect(() => checkWords(cut, {})).to.throw('got 3 of 10; choose a greater `maximumLength`');
    checkWords(cut, {maximumLength: 24});
    checkWords({...cut, cut: 2}, {});
  });

  it('that a vocabulary lacks are added behind its own', () => {
    const vocabulary = Vocabulary.from(['a dog runs'], {minimumCount: 1});
    const captions = ['un perro corre', 'un perro', 'a un gato'];
    expect(newWords(captions, vocabulary, 1)).to.deep.equal(['un', 'perro', 'corre', 'gato']);
    expect(newWords(captions, vocabulary, 2)).to.deep.equal(['un', 'perro']);
    const extended = vocabulary.extended(['un', 'dog', 'perro']);
    expect(extended.toJSON().words).to.deep.equal([...vocabulary.toJSON().words, 'un', 'perro']);
    expect(extended.encode('a dog runs')).to.deep.equal(vocabulary.encode('a dog runs'));
    expect(vocabulary.extended(['狗', '跑']).decode([7, 8])).to.equal('狗跑');
  });
});

describe('withVocabulary', () => {
  const small: Readonly<Record<DecoderKind, object>> = {
    lstm: {units: 8, embedding: 6},
    attention: {units: 8, embedding: 6, attention: 5},
    adaptive: {units: 8, embedding: 6, attention: 5},
    transformer: {units: 8, heads: 2, layers: 1},
  };
  for (const kind of decoderKinds)
    it(`keeps what a decoder of kind ${kind} has learnt, and adds rows for new words`, () => {
      const before = tf.memory().numTensors;
      const decoder = createDecoder(kind, 10, 4, {...small[kind], seed: 3});
      for (const weight of decoder.weights.values())
        tf.tidy(() => weight.assign(tf.add(weight, tf.randomUniform(weight.shape, 0, 0.1, 'float32', 1))));
      const larger = withVocabulary(decoder, 13);
      const logits = [decoder, larger].map((one) =>
        tf.tidy(() => {
          const features = tf.ones(one.features === 'grid' ? [2, 3, 4] : [2, 4]);
          const inputs = tf.tensor2d([1, 5, 9, 1, 4, 4], [2, 3], 'int32');
          return one.logits(features, inputs).slice([0, 0, 0], [2, 3, 10]).dataSync<'float32'>();
        }),
      );
      for (const [at, value] of logits[0]!.entries()) expect(logits[1]![at]).to.be.closeTo(value, 1e-5);
      expect(larger.vocabulary).to.equal(13);
      expect(larger.output.weight.shape[0]).to.equal(13);
      const rows = larger.output.weight.slice([10]);
      expect(new Set(rows.dataSync()).size).to.be.above(10);
      for (const one of [rows, decoder, larger]) one.dispose();
      expect(tf.memory().numTensors).to.equal(before);
    });
});
