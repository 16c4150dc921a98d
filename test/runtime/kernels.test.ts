import {expect} from 'chai';
import {bool, int, int64, kernel, kernels, shape, type} from 'captioner/dist/runtime/kernels';
import {device, tf} from 'captioner/dist/runtime/native';
import {leaked} from '../tensors';

describe('kernel', () => {
  it('computes on native TensorFlow', () => {
    expect(tf.getBackend()).to.equal('tensorflow');
    expect(device()).to.be.oneOf(['cpu', 'gpu']);
  });

  it('runs an op by name with typed attributes', () => {
    const a = tf.tensor2d([[1, 2]]);
    const b = tf.tensor2d([
      [3, 4],
      [5, 6],
    ]);
    const attributes = [bool('transpose_a', false), bool('transpose_b', true), type('T', 'float32')];
    expect(Array.from(kernel('MatMul', [a, b], attributes).dataSync())).to.deep.equal([11, 17]);
    const halves = kernels('Unpack', [b], [int('num', 2), type('T', 'float32'), int('axis', 1)], 2);
    expect(halves.map((half) => Array.from(half.dataSync()))).to.deep.equal([
      [3, 5],
      [4, 6],
    ]);
    const same = kernel('PlaceholderWithDefault', [a], [type('dtype', 'float32'), shape('shape', [1, 2])]);
    expect(same.shape).to.deep.equal([1, 2]);
  });

  it('says which op is unknown', () => {
    expect(() => kernel('NoSuchKernel', [])).to.throw(/NoSuchKernel/);
  });

  it('belongs to the tidy around it', () => {
    const x = tf.tensor1d([1]);
    const left = leaked(() => tf.tidy(() => void kernel('Tanh', [x], [type('T', 'float32')])));
    expect(left.tensors).to.equal(0);
  });

  it('takes int64 scalars, also large and negative ones, and leaves nothing behind', () => {
    const asFloat = [type('SrcT', 'int64'), type('DstT', 'float32')];
    for (const value of [0, 7, -3, 2 ** 40, -(2 ** 40)]) {
      const left = leaked(() => {
        const scalar = int64(value);
        const cast = kernel('Cast', [scalar], asFloat);
        expect(cast.dataSync()[0]).to.equal(value);
        tf.dispose([scalar, cast]);
      });
      expect(left).to.deep.equal({tensors: 0, native: 0});
    }
    expect(() => int64(0.5)).to.throw(RangeError);
  });
});
