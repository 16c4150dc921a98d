import {withGradient} from 'captioner/dist/ops/with-gradient';
import {tf} from 'captioner';
import {expect} from 'chai';

describe('withGradient', () => {
  const cube = (x: tf.Tensor): tf.Tensor =>
    withGradient([x], (save) => {
      save([x]);
      return {value: tf.pow(x, 3), gradient: (dy, [saved]) => tf.mul(dy, tf.mul(3, tf.square(saved!)))};
    });

  it('takes the gradient that it is given, on the chain of others', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, -2, 0.5]);
      const dx = tf.grad((of: tf.Tensor) => tf.sum(tf.mul(2, cube(of))))(x);
      expect([...dx.dataSync()]).to.deep.equal([6, 24, 1.5]);
    });
  });

  it('leaves no tensor behind', () => {
    const x = tf.tensor1d([1, 2]);
    const before = tf.memory().numTensors;
    tf.tidy(() =>
      tf
        .grad((of: tf.Tensor) => tf.sum(cube(of)))(x)
        .dataSync(),
    );
    expect(tf.memory().numTensors).to.equal(before);
    x.dispose();
  });
});
