import {expect} from 'chai';
import {sparseCrossEntropy} from 'captioner/dist/ops/cross-entropy';
import {tf} from 'captioner';
import {leaked, readFixture, relativeError, tensorOf, type Reference} from '../tensors';

type Name = 'states' | 'weight' | 'bias' | 'targets' | 'dstates' | 'dweight' | 'dbias';
const reference = readFixture<Record<Name, Reference> & {loss: number}>('runtime', 'cross-entropy.json');

describe('sparseCrossEntropy', () => {
  const states = tensorOf<tf.Rank.R2>(reference.states);
  const weight = tensorOf<tf.Rank.R2>(reference.weight);
  const bias = tensorOf<tf.Rank.R1>(reference.bias);
  const targets = tf.tensor1d(reference.targets.values, 'int32');
  const gradients = (dy?: tf.Scalar) =>
    tf.grads((...inputs) =>
      sparseCrossEntropy(
        inputs[0] as tf.Tensor2D,
        inputs[1] as tf.Tensor2D,
        inputs[2] as tf.Tensor1D,
        targets,
      ),
    )([states, weight, bias], dy);

  it("matches PyTorch's loss and gradients", () => {
    const loss = sparseCrossEntropy(states, weight, bias, targets);
    expect(loss.shape).to.deep.equal([]);
    expect(relativeError(loss, [reference.loss])).to.be.below(1e-6);
    const [dstates, dweight, dbias] = gradients() as [tf.Tensor, tf.Tensor, tf.Tensor];
    expect(relativeError(dstates, reference.dstates.values)).to.be.below(1e-5);
    expect(relativeError(dweight, reference.dweight.values)).to.be.below(1e-5);
    expect(relativeError(dbias, reference.dbias.values)).to.be.below(1e-5);
  });

  it('scales its gradients by the incoming gradient', () => {
    const [dstates] = gradients(tf.scalar(-2)) as [tf.Tensor];
    expect(relativeError(dstates.mul(-0.5), reference.dstates.values)).to.be.below(1e-5);
  });

  const matchesFixture = (file: string) => {
    const smooth = readFixture<
      Record<Name, Reference> & {loss: number; smoothing: number; shares?: Reference}
    >('runtime', file);
    const inputs = [tensorOf(smooth.states), tensorOf(smooth.weight), tensorOf(smooth.bias)];
    const words = tf.tensor1d(smooth.targets.values, 'int32');
    const rowWeights = smooth.shares && tensorOf<tf.Rank.R1>(smooth.shares);
    const loss = (...[s, w, b]: tf.Tensor[]): tf.Scalar =>
      sparseCrossEntropy(
        s as tf.Tensor2D,
        w as tf.Tensor2D,
        b as tf.Tensor1D,
        words,
        smooth.smoothing,
        rowWeights,
      );
    expect(relativeError(loss(...inputs), [smooth.loss])).to.be.below(1e-6);
    const [dstates, dweight, dbias] = tf.grads(loss)(inputs) as [tf.Tensor, tf.Tensor, tf.Tensor];
    expect(relativeError(dstates, smooth.dstates.values)).to.be.below(1e-5);
    expect(relativeError(dweight, smooth.dweight.values)).to.be.below(1e-5);
    expect(relativeError(dbias, smooth.dbias.values)).to.be.below(1e-5);
  };
  it("matches PyTorch's loss and gradients with label smoothing", () =>
    matchesFixture('smoothed-cross-entropy.json'));
  it("matches PyTorch's loss and gradients with row weights, some negative", () =>
    matchesFixture('weighted-cross-entropy.json'));

  it('stays finite when a probability is zero', () => {
    const sure = tf.tensor2d([[1000], [-1000]]);
    const none = tf.zeros<tf.Rank.R1>([2]);
    const loss = (target: number) =>
      sparseCrossEntropy(tf.ones([1, 1]), sure, none, tf.tensor1d([target], 'int32')).dataSync()[0]!;
    expect(loss(0)).to.equal(0);
    expect(loss(1)).to.be.within(80, 90);
  });

  it('leaks no tensors', () => {
    const work = () => tf.dispose([sparseCrossEntropy(states, weight, bias, targets), ...gradients()]);
    work();
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
  });
});
