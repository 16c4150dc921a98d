import {createAttention} from 'captioner/dist/decoders/attention';
import {tf} from 'captioner';
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

const options = {embedding: 5, units: 8, attention: 7, dropout: 0.3, seed: 7};

describe('attention decoder', () => {
  behavesLikeADecoder('attention', 'grid', options, 5);

  it('equals PyTorch: logits, attention, loss, penalty and every gradient', () => equalsPyTorch('attention'));

  it('has attention weights that sum to 1, step by step and all at once', () => {
    const decoder = createAttention(vocabulary, depth, options);
    const features = uniform([3, 4, depth], [1, 2]);
    const inputs = ids([[1, 4, 5], [1, 8, 9], [1, 10, 0]]); // prettier-ignore
    const {attention} = decoder.attend!(features, inputs);
    expect(attention.shape).to.deep.equal([3, 3, 4]);
    for (const sum of values(tf.sum(attention, 2))) expect(sum).to.be.closeTo(1, 1e-6);
    let state = decoder.begin(features);
    for (let t = 0; t < 3; t++) {
      const word = tf.reshape<tf.Rank.R1>(tf.slice(inputs, [0, t], [3, 1]), [3]);
      const next = decoder.step(word, state);
      state = next.state;
      const expected = tf.reshape(tf.slice(attention, [0, t, 0], [3, 1, 4]), [3, 4]);
      expect(largestDifference(next.attention!, expected)).to.be.below(1e-6);
    }
    decoder.dispose();
  });

  it('has the expected number of parameters', () => {
    const decoder = createAttention(3000, 1408);
    const parameters = [...decoder.weights.values()].reduce((sum, {size}) => sum + size, 0);
    expect(parameters).to.equal(
      1408 * 512 + 512 + // image
        3000 * 256 + // embedding
        512 * 1024 + 1024 + // begin
        2 * 512 * 512 + 512 + 512 + // attention
        512 + 1 + // gate
        (256 + 1024) * 2048 + 2048 + // lstm
        2 * 512 * 256 + // deep output
        3000 * 256 + 3000,
    ); // prettier-ignore
    decoder.dispose();
  });

  it('rejects unknown options', () => {
    expect(() => createAttention(vocabulary, depth, {heads: 2} as object)).to.throw('unknown option `heads`');
    expect(() => createAttention(vocabulary, depth, {regularization: -1})).to.throw('`regularization`');
  });
});
