import {expect} from 'chai';
import {tf} from 'captioner';
import {backend} from 'captioner/dist/tensorflow/backend';
import {countReads, leaked} from '../tensors';

describe('tf.gather', () => {
  it('does not read its indices back, and still refuses those outside', () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const indices = tf.keep(tf.relu(tf.tensor1d([1, 0, 1], 'int32')));
    const work = () => tf.dispose([tf.gather(x, indices), tf.gather(x, indices, 1)]);
    work();
    expect(countReads(work)).to.equal(0);
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
    expect(tf.gather(x, indices).arraySync()).to.deep.equal([
      [3, 4],
      [1, 2],
      [3, 4],
    ]);
    expect(tf.gather(x, tf.tensor2d([[1], [0]], [2, 1], 'int32'), 1, 1).arraySync()).to.deep.equal([
      [2],
      [3],
    ]);
    if (backend.binding.isUsingGpuDevice()) return;
    expect(() => tf.gather(x, tf.tensor1d([2], 'int32')).dataSync()).to.throw(
      /indices\[0\] = 2 is not in \[0, 2\)/,
    );
  });
});
