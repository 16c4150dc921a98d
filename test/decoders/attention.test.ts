import {createAttention} from 'captioner/dist/decoders/attention';
import {tf} from 'captioner/dist/runtime/native';
import {uniform} from 'captioner/dist/runtime/random';
import {captionLoss, gradients} from 'captioner/dist/training/loss';
import {expect} from 'chai';
import {readFixture, relativeError, tensorOf, type Reference} from '../tensors';
import {behavesLikeADecoder, depth, ids, largestDifference, values, vocabulary} from './standard';

const options = {embedding: 5, units: 8, attention: 7, dropout: 0.3, seed: 7};

interface Fixture {
  readonly options: Readonly<Record<string, number>>;
  readonly weights: Readonly<Record<string, Reference>>;
  readonly gradients: Readonly<Record<string, Reference>>;
  readonly features: Reference;
  readonly mean: Reference;
  readonly deviation: Reference;
  readonly inputs: Reference;
  readonly targets: Reference;
  readonly logits: Reference;
  readonly attention: Reference;
  readonly loss: number;
  readonly penalty: number;
}

describe('attention decoder', () => {
  behavesLikeADecoder('attention', 'grid', options, 5);

  it('equals PyTorch: logits, attention, loss, penalty and every gradient', () => {
    const fixture = readFixture<Fixture>('decoders', 'attention.json');
    const [size, deep] = [fixture.logits.shape[2]!, fixture.features.shape[2]!];
    const decoder = createAttention(size, deep, fixture.options);
    expect([...decoder.weights.keys()]).to.deep.equal(Object.keys(fixture.weights));
    for (const [name, weight] of decoder.weights) weight.assign(tensorOf(fixture.weights[name]!));
    decoder.constants.get('features.mean')!.assign(tensorOf(fixture.mean));
    decoder.constants.get('features.deviation')!.assign(tensorOf(fixture.deviation));
    const features = tensorOf<tf.Rank.R3>(fixture.features);
    const [inputs, targets] = [fixture.inputs, fixture.targets].map((of) =>
      tf.cast(tensorOf<tf.Rank.R2>(of), 'int32'),
    ) as [tf.Tensor2D, tf.Tensor2D];

    expect(relativeError(decoder.logits(features, inputs), fixture.logits.values)).to.be.below(1e-5);
    const {attention, penalty} = decoder.attend!(features, inputs);
    expect(relativeError(attention, fixture.attention.values)).to.be.below(1e-5);
    expect(penalty.dataSync()[0]).to.be.closeTo(fixture.penalty, 1e-6);
    expect(captionLoss(decoder, features, inputs, targets).dataSync()[0]).to.be.closeTo(fixture.loss, 1e-5);
    const found = gradients(decoder, features, inputs, targets, {seed: 1, step: 1});
    expect(found.loss).to.be.closeTo(fixture.loss + fixture.penalty, 1e-5);
    for (const [name, {values: expected}] of Object.entries(fixture.gradients))
      expect(relativeError(found.gradients.get(name)!, expected), name).to.be.below(1e-4);
    decoder.dispose();
  });

  it('shares its look among the cells, and tells the same word by word', () => {
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

  it('has as many weights as its sizes ask for', () => {
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

  it('refuses options that it does not have', () => {
    expect(() => createAttention(vocabulary, depth, {heads: 2} as object)).to.throw('unknown option `heads`');
    expect(() => createAttention(vocabulary, depth, {regularization: -1})).to.throw('`regularization`');
  });
});
