import {createDecoder, decoderKinds, setWordVectors} from 'captioner';
import {wordSizeOption} from 'captioner/dist/decoders/word-vectors';
import {expect} from 'chai';
import {leaked} from '../tensors';
import {depth, values, vocabulary} from './standard';

const vectors = new Map([
  [4, Float32Array.of(1, 2, 3, 4)],
  [11, Float32Array.of(-4, 5.5, 1e-3, 7)],
]);

describe('setWordVectors', () => {
  for (const kind of decoderKinds)
    it(`sets the word embeddings of the ${kind} decoder and nothing else`, () => {
      const [decoder, first] = [1, 2].map(() =>
        createDecoder(kind, vocabulary, depth, {
          ...(kind === 'transformer' && {heads: 2}),
          [wordSizeOption(kind)]: 4,
        }),
      );
      setWordVectors(decoder!, {size: 4, vectors});
      for (const [name, weight] of first!.weights) {
        const expected = values(weight);
        if (name === 'embedding') for (const [id, vector] of vectors) expected.splice(id * 4, 4, ...vector);
        expect(values(decoder!.weights.get(name)!), name).to.deep.equal(expected);
      }
      const again = () => setWordVectors(decoder!, {size: 4, vectors});
      expect(leaked(again)).to.deep.equal({tensors: 0, native: 0});
      decoder!.dispose();
      first!.dispose();
    });

  it('rejects vectors of another size and word ids outside the vocabulary', () => {
    const decoder = createDecoder('lstm', vocabulary, depth, {embedding: 4, units: 4});
    const before = values(decoder.weights.get('embedding')!);
    expect(() => setWordVectors(decoder, {size: 2, vectors}))
      .to.throw('lstm decoder: `embedding`: expected 2, the size of the word vectors, got 4')
      .with.property('code', 'options');
    const far = new Map([...vectors, [12, new Float32Array(4)]]);
    expect(() => setWordVectors(decoder, {size: 4, vectors: far}))
      .to.throw('Word vectors: expected word ids from 0 to 11, got 12')
      .with.property('code', 'mismatch');
    expect(values(decoder.weights.get('embedding')!)).to.deep.equal(before);
    const tied = createDecoder('transformer', vocabulary, depth, {units: 8, heads: 2});
    expect(() => setWordVectors(tied, {size: 4, vectors})).to.throw(
      'transformer decoder: `units`: expected 4',
    );
    tied.dispose();
    const bare = {...decoder, kind: 'bare', weights: new Map()};
    expect(() => setWordVectors(bare, {size: 4, vectors}))
      .to.throw('expected a decoder with a weight "embedding", got "bare" without one')
      .with.property('code', 'options');
    decoder.dispose();
  });
});
