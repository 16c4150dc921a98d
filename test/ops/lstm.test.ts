import {expect} from 'chai';
import {lstm} from 'captioner/dist/ops/lstm';
import {lstmCell} from 'captioner/dist/ops/lstm-cell';
import {tf} from 'captioner';
import {leaked, readFixture, relativeError, tensorOf, type Reference} from '../tensors';

type Name = 'x' | 'weight' | 'bias' | 'dy' | 'states' | 'cell' | 'dx' | 'dweight' | 'dbias';
const reference = readFixture<Record<Name, Reference>>('runtime', 'lstm.json');

// An import would be a copy, and changing it would not affect the layer.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const cpu = require('captioner/dist/tensorflow/cpu-features') as {avx512: boolean};

function gradients(x: tf.Tensor3D, weight: tf.Tensor2D, bias: tf.Tensor1D, dy: tf.Tensor3D): tf.Tensor[] {
  return tf.grads((...inputs) =>
    lstm(inputs[0] as tf.Tensor3D, inputs[1] as tf.Tensor2D, inputs[2] as tf.Tensor1D),
  )([x, weight, bias], dy);
}

describe('lstm', () => {
  const x = tensorOf<tf.Rank.R3>(reference.x);
  const weight = tensorOf<tf.Rank.R2>(reference.weight);
  const bias = tensorOf<tf.Rank.R1>(reference.bias);
  const dy = tensorOf<tf.Rank.R3>(reference.dy);

  for (const avx512 of [true, false]) {
    it(`gives PyTorch's states and gradients, on a CPU ${avx512 ? 'with' : 'without'} AVX-512`, () => {
      const detected = cpu.avx512;
      cpu.avx512 = avx512;
      try {
        expect(relativeError(lstm(x, weight, bias), reference.states.values)).to.be.below(1e-5);
        const [dx, dweight, dbias] = gradients(x, weight, bias, dy) as [tf.Tensor, tf.Tensor, tf.Tensor];
        expect(relativeError(dx, reference.dx.values)).to.be.below(1e-5);
        expect(relativeError(dweight, reference.dweight.values)).to.be.below(1e-5);
        expect(relativeError(dbias, reference.dbias.values)).to.be.below(1e-5);
      } finally {
        cpu.avx512 = detected;
      }
    });
  }

  it('gives the same states when run one step at a time', () => {
    const [steps, batch] = x.shape;
    let h = tf.zeros<tf.Rank.R2>([batch, 6]);
    let c = h;
    const states: tf.Tensor2D[] = [];
    for (let t = 0; t < steps; t++) {
      ({h, c} = lstmCell(tf.reshape(tf.slice(x, t, 1), [batch, 4]), h, c, weight, bias));
      states.push(h);
    }
    expect(relativeError(tf.stack(states), reference.states.values)).to.be.below(1e-5);
    expect(relativeError(c, reference.cell.values)).to.be.below(1e-5);
  });

  it('runs a single step', () => {
    const first = tf.slice(x, 0, 1);
    const states = lstm(first, weight, bias);
    expect(states.shape).to.deep.equal([1, 3, 6]);
    const [dx, dweight] = gradients(first, weight, bias, tf.ones([1, 3, 6])) as [tf.Tensor, tf.Tensor];
    expect(dx.shape).to.deep.equal([1, 3, 4]);
    const recurrent = tf.slice(dweight, [4, 0], [6, 24]);
    expect(tf.max(tf.abs(recurrent)).dataSync()[0]).to.equal(0);
  });

  it('leaks no tensors', () => {
    const work = () => {
      lstm(x, weight, bias).dispose();
      tf.dispose(gradients(x, weight, bias, dy));
      tf.dispose(lstmCell(tf.ones([3, 4]), tf.ones([3, 6]), tf.ones([3, 6]), weight, bias));
    };
    tf.tidy(work);
    expect(leaked(() => tf.tidy(work))).to.deep.equal({tensors: 0, native: 0});
  });
});
