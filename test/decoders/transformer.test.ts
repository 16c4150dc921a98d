import {createTransformer} from 'captioner/dist/decoders/transformer';
import {beamSearch, tf} from 'captioner';
import {uniform} from 'captioner/dist/ops/random';
import {expect} from 'chai';
import {
  behavesLikeADecoder,
  depth,
  equalsPyTorch,
  ids,
  largestDifference,
  values,
  vocabulary,
} from './standard';

const options = {units: 8, heads: 2, layers: 2, encoderLayers: 1, feedForward: 12, dropout: 0.3, seed: 7};

describe('transformer decoder', () => {
  behavesLikeADecoder('transformer', 'grid', options, 8);

  it('equals PyTorch: logits, attention, loss and every gradient', () => equalsPyTorch('transformer'));

  it('has attention weights that sum to 1, step by step and all at once, for long sentences', () => {
    const decoder = createTransformer(vocabulary, depth, options);
    const features = uniform([2, 9, depth], [1, 2]);
    const words = Array.from({length: 30}, (_, at) => 4 + ((at * 5) % 8));
    const inputs = ids([[1, ...words], [1, ...words.reverse()]]); // prettier-ignore
    const {attention} = decoder.attend!(features, inputs);
    const logits = decoder.logits(features, inputs);
    for (const sum of values(tf.sum(attention, 2))) expect(sum).to.be.closeTo(1, 1e-5);
    let state = decoder.begin(features);
    for (let t = 0; t < 31; t++) {
      const word = tf.reshape<tf.Rank.R1>(tf.slice(inputs, [0, t], [2, 1]), [2]);
      const next = decoder.step(word, state);
      state = next.state;
      const of = (all: tf.Tensor3D): tf.Tensor => tf.squeeze(tf.slice(all, [0, t, 0], [2, 1, -1]), [1]);
      expect(largestDifference(next.attention!, of(attention))).to.be.below(1e-5);
      expect(largestDifference(next.logits, of(logits))).to.be.below(1e-4);
    }
    decoder.dispose();
  });

  it('ties the input embedding and the output layer', () => {
    const decoder = createTransformer(vocabulary, depth, options);
    expect(decoder.output.weight).to.equal(decoder.weights.get('embedding'));
    const count = (units: number, wide: number): number => {
      const attention = 2 * units + 4 * (units * units + units);
      const feed = 2 * units + 2 * units * wide + wide + units;
      return (
        depth * units +
        units +
        vocabulary * units +
        3 * (attention + feed) +
        2 * attention +
        4 * units +
        vocabulary
      );
    };
    const parameters = [...decoder.weights.values()].reduce((sum, {size}) => sum + size, 0);
    expect(parameters).to.equal(count(8, 12));
    decoder.dispose();
  });

  it('encodes the positions of cells, in square and other grids', () => {
    const decoder = createTransformer(vocabulary, depth, options);
    const inputs = ids([[1, 4, 5]]);
    for (const cells of [9, 6]) {
      const features = uniform([1, cells, depth], [1, 5]);
      const turned = tf.reverse(features, 1);
      expect(largestDifference(decoder.logits(features, inputs), decoder.logits(turned, inputs))).to.be.above(
        1e-4,
      );
      const [best] = beamSearch(decoder, features, {beams: 2, maximumLength: 4})[0]!;
      expect(best!.attention![0]).to.have.length(cells);
    }
    decoder.dispose();
  });

  it('rejects incompatible sizes', () => {
    expect(() => createTransformer(vocabulary, depth, {units: 12, heads: 5})).to.throw(
      '`units`: expected a number that `heads`, 5, divides, got 12',
    );
    expect(() => createTransformer(vocabulary, depth, {units: 10, heads: 5})).to.throw('`units`');
    expect(() => createTransformer(vocabulary, depth, {embedding: 8} as object)).to.throw(
      'unknown option `embedding`',
    );
  });
});
