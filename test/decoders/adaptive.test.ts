import {createAdaptive} from 'captioner/dist/decoders/adaptive';
import {tf} from 'captioner';
import {uniform} from 'captioner/dist/ops/random';
import {expect} from 'chai';
import {behavesLikeADecoder, depth, equalsPyTorch, ids, values, vocabulary} from './standard';

const options = {embedding: 5, units: 8, attention: 7, dropout: 0.3, seed: 7};

describe('adaptive decoder', () => {
  behavesLikeADecoder('adaptive', 'grid', options, 8);

  it('equals PyTorch: logits, attention, loss and every gradient', () => equalsPyTorch('adaptive'));

  it('attends to the grid with the weight that the sentinel leaves', () => {
    const decoder = createAdaptive(vocabulary, depth, options);
    const features = uniform([3, 4, depth], [1, 2]);
    const inputs = ids([[1, 4, 5], [1, 8, 9], [1, 10, 0]]); // prettier-ignore
    const looked = (): number[] =>
      tf.tidy(() => values(tf.sum(decoder.attend!(features, inputs).attention, 2)));
    for (const sum of looked()) expect(sum).to.be.within(0.01, 0.99);
    // A sentinel with a dominating score leaves no weight.
    const score = decoder.weights.get('attention.score')!;
    score.assign(tf.fill([7, 1], 10));
    decoder.weights.get('attention.sentinel')!.assign(tf.zeros([8, 7]));
    decoder.weights.get('attention.image')!.assign(tf.fill([8, 7], -10));
    for (const sum of looked()) expect(sum).to.be.below(0.01);
    decoder.weights.get('attention.image')!.assign(tf.fill([8, 7], 10));
    for (const sum of looked()) expect(sum).to.be.above(0.5);
    decoder.dispose();
  });

  it('has the expected number of parameters', () => {
    const decoder = createAdaptive(3000, 1408);
    const parameters = [...decoder.weights.values()].reduce((sum, {size}) => sum + size, 0);
    expect(parameters).to.equal(
      1408 * 512 + 512 + // image
        512 * 256 + 256 + // whole image
        3000 * 256 + // embedding
        1024 * 2048 + 2048 + // lstm
        1024 * 512 + // sentinel
        3 * 512 * 512 + 512 + 512 + // attention
        3000 * 512 + 3000,
    ); // prettier-ignore
    decoder.dispose();
  });

  it('rejects unknown options', () => {
    expect(() => createAdaptive(vocabulary, depth, {regularization: 1} as object)).to.throw(
      'unknown option `regularization`',
    );
  });
});
