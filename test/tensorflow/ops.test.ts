import {expect} from 'chai';
import {bool, int, runOp, runOpMulti, shape, type} from 'captioner/dist/tensorflow/ops';
import {device, tf} from 'captioner';
import {fromBytes, fromFloat16, int64, toFloat16} from 'captioner/dist/tensorflow/casts';
import {fromFloat16Bits, toFloat16Bits} from 'captioner/dist/files/float16';
import {leaked} from '../tensors';

describe('runOp', () => {
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
    expect(Array.from(runOp('MatMul', [a, b], attributes).dataSync())).to.deep.equal([11, 17]);
    const halves = runOpMulti('Unpack', [b], [int('num', 2), type('T', 'float32'), int('axis', 1)], 2);
    expect(halves.map((half) => Array.from(half.dataSync()))).to.deep.equal([
      [3, 5],
      [4, 6],
    ]);
    const same = runOp('PlaceholderWithDefault', [a], [type('dtype', 'float32'), shape('shape', [1, 2])]);
    expect(same.shape).to.deep.equal([1, 2]);
  });

  it('names an unknown op in its error', () => {
    expect(() => runOp('NoSuchOp', [])).to.throw(/NoSuchOp/);
  });

  it('returns tensors that belong to the enclosing tidy', () => {
    const x = tf.tensor1d([1]);
    const left = leaked(() => tf.tidy(() => void runOp('Tanh', [x], [type('T', 'float32')])));
    expect(left.tensors).to.equal(0);
  });

  it('takes int64 scalars, large and negative ones included, and leaks nothing', () => {
    const asFloat = [type('SrcT', 'int64'), type('DstT', 'float32')];
    for (const value of [0, 7, -3, 2 ** 40, -(2 ** 40)]) {
      const left = leaked(() => {
        const scalar = int64(value);
        const cast = runOp('Cast', [scalar], asFloat);
        expect(cast.dataSync()[0]).to.equal(value);
        tf.dispose([scalar, cast]);
      });
      expect(left).to.deep.equal({tensors: 0, native: 0});
    }
    expect(() => int64(0.5)).to.throw(RangeError);
  });
});

describe('casts', () => {
  it('convert bytes to float32', () => {
    const bytes = Uint8Array.from({length: 30}, (_, k) => (k * 37) % 256);
    const x = fromBytes<tf.Rank.R3>(bytes, [2, 5, 3]);
    expect([x.dtype, x.shape]).to.deep.equal(['float32', [2, 5, 3]]);
    expect(Array.from(x.dataSync())).to.deep.equal([...bytes]);
    x.dispose();
  });

  it('convert float16 both ways like the JavaScript version, for odd lengths too', () => {
    for (const count of [65_536, 7, 1]) {
      const all = Uint16Array.from({length: count}, (_, bits) => bits * 9);
      const x = fromFloat16<tf.Rank.R2>(all, [1, count]);
      expect(x.shape).to.deep.equal([1, count]);
      const values = x.dataSync<'float32'>();
      expect(values).to.deep.equal(fromFloat16Bits(all));
      const [ours, theirs] = [toFloat16(x), toFloat16Bits(values)];
      // NaN has a thousand bit patterns.
      for (const [k, value] of values.entries())
        if (!Number.isNaN(value)) expect(ours[k]).to.equal(theirs[k]);
      x.dispose();
    }
    const between = tf.tensor1d([0.1, -65504.1, 65519, 65520, 1e-8, 2.98e-8, 2049, 2051, -0]);
    expect(toFloat16(between)).to.deep.equal(toFloat16Bits(between.dataSync<'float32'>()));
    between.dispose();
  });

  it('leak no tensors', () => {
    const bytes = new Uint8Array(24);
    const left = leaked(() => {
      const x = fromBytes<tf.Rank.R1>(bytes, [24]);
      const y = fromFloat16<tf.Rank.R1>(toFloat16(x), [24]);
      const z = fromFloat16<tf.Rank.R1>(new Uint16Array(5), [5]);
      toFloat16(z);
      tf.dispose([x, y, z]);
    });
    expect(left).to.deep.equal({tensors: 0, native: 0});
  });
});
