import {expect} from 'chai';
import {
  beamSearch,
  createDecoder,
  createEnsemble,
  decoderKinds,
  sample,
  type StepDecoder,
  tf,
} from 'captioner';
import {functionOf} from 'captioner/dist/tensorflow/compiled';
import {eagerly, leaked} from '../tensors';

const [vocabulary, depth] = [40, 8];
const never = (): never => {
  throw new Error('not needed here');
};

function lively(kind: string): StepDecoder {
  const decoder = createDecoder(kind, vocabulary, depth, {units: 16, dropout: 0, seed: 3});
  tf.tidy(() => {
    for (const weight of decoder.weights.values()) weight.assign(weight.mul(2));
  });
  return decoder;
}

describe('Compiled search', () => {
  for (const kind of [...decoderKinds, 'ensemble'])
    it(`finds what search op by op finds: ${kind}`, () => {
      const decoder =
        kind === 'ensemble' ? createEnsemble(['transformer', 'lstm'].map(lively)) : lively(kind);
      const images = 11;
      const features = tf.randomNormal<tf.Rank>(
        decoder.features === 'grid' ? [images, 4, depth] : [images, depth],
        ...([0, 1, 'float32', 5] as const),
      );
      for (const options of [
        {beams: 1},
        {beams: 5},
        {beams: 4, beamGroups: 2, diversityPenalty: 1},
        // Longer than a decoder's state has room for at first.
        {beams: 2, minimumLength: 40, maximumLength: 44},
        {beams: 3, noRepeatNgramSize: 2, requiredPhrases: [[5, 9]]},
      ]) {
        const found = beamSearch(decoder, features, options);
        const plain = eagerly(() => beamSearch(decoder, features, options));
        const tokens = (all: typeof found) => all.map((image) => image.map((one) => one.tokens));
        expect(tokens(found), JSON.stringify(options)).to.deep.equal(tokens(plain));
        for (const [at, image] of found.entries())
          for (const [k, {score, attention}] of image.entries()) {
            const other = plain[at]![k]!;
            expect(score).to.be.closeTo(other.score, 1e-4);
            for (const [word, map] of attention?.entries() ?? [])
              for (const [cell, share] of map.entries())
                expect(share).to.be.closeTo(other.attention![word]![cell]!, 1e-4);
          }
        expect(beamSearch(decoder, features, options)).to.deep.equal(found);
      }
      const draw = () =>
        sample(decoder, features, {samples: 3, seed: 4}).map((image) => image.map(({tokens}) => tokens));
      expect(draw()).to.deep.equal(eagerly(draw));
      const work = () => void beamSearch(decoder, features, {beams: 3});
      expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
      const searching = functionOf(decoder, 'beam search', never);
      expect(searching.size).to.be.above(0);
      decoder.dispose();
      expect(searching.size).to.equal(0);
      features.dispose();
    }).timeout(60_000);

  it('compiles one function for the first word of an image and one for all others', () => {
    const decoder = lively('attention');
    const features = tf.randomNormal([1, 4, depth]);
    beamSearch(decoder, features, {beams: 5});
    expect(functionOf(decoder, 'beam search', never).size).to.equal(2);
    beamSearch(decoder, tf.mul(features, 2), {beams: 5, lengthPenalty: 1});
    expect(functionOf(decoder, 'beam search', never).size).to.equal(2);
    decoder.dispose();
  });
});
