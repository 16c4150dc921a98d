import {expect} from 'chai';
import {attentionLstm, type AttentionLstmInputs} from 'captioner/dist/ops/attention-lstm';
import {tf} from 'captioner';
import {leaked, relativeError} from '../tensors';

// An import would be a copy, and changing it would not affect the layer.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const cpu = require('captioner/dist/tensorflow/cpu-features') as {avx512: boolean};

const [steps, batch, cells, attention, units] = [10, 3, 7, 5, 4];

function randoms(): AttentionLstmInputs {
  const shapes: Record<keyof AttentionLstmInputs, number[]> = {
    words: [steps, batch, 4 * units],
    h: [batch, units],
    c: [batch, units],
    keys: [batch, cells, attention],
    values: [batch, cells, units],
    query: [units, attention],
    score: [attention, 1],
    gate: [units, 1],
    gateBias: [1],
    weight: [2 * units, 4 * units],
  };
  const tensors = Object.entries(shapes).map(([name, shape], seed) => [
    name,
    tf.randomNormal(shape, 0, 1, 'float32', seed + 1),
  ]);
  return Object.fromEntries(tensors) as AttentionLstmInputs;
}

/** The equations of the paper one by one, differentiated by tfjs. */
function reference(inputs: AttentionLstmInputs): tf.Tensor {
  const {words, keys, values, query, score, gate, gateBias, weight} = inputs;
  let {h, c}: {h: tf.Tensor2D; c: tf.Tensor2D} = inputs;
  const all = tf.unstack(words).map((word) => {
    const compared = tf.tanh(tf.add(keys, tf.expandDims(tf.matMul(h, query), 1)));
    const energies = tf.sum(tf.mul(compared, tf.reshape(score, [attention])), 2);
    const alpha = tf.softmax(energies) as tf.Tensor2D;
    const context = tf.sum(tf.mul(tf.expandDims(alpha, 2), values), 1);
    const view = tf.mul<tf.Tensor2D>(tf.sigmoid(tf.add(tf.matMul(h, gate), gateBias)), context);
    const z = tf.add<tf.Tensor2D>(word, tf.matMul(tf.concat([view, h], 1), weight));
    const [i, ci, f, o] = tf.split(z, 4, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(ci)));
    h = tf.mul(tf.sigmoid(o), tf.tanh(c));
    return tf.concat([h, view, alpha], 1);
  });
  return tf.stack(all);
}

describe('attentionLstm', () => {
  const inputs = randoms();
  const names = Object.keys(inputs) as (keyof AttentionLstmInputs)[];
  const given = names.map((name) => inputs[name] as tf.Tensor);
  const byName = (tensors: tf.Tensor[]) =>
    Object.fromEntries(names.map((name, at) => [name, tensors[at]])) as unknown as AttentionLstmInputs;
  const dy = tf.randomNormal([steps, batch, 2 * units + cells], 0, 1, 'float32', 99);
  const gradients = (layer: (inputs: AttentionLstmInputs) => tf.Tensor) =>
    tf.grads((...tensors) => layer(byName(tensors)))(given, dy);

  for (const avx512 of [true, false]) {
    it(`gives states, views, maps and gradients of its equations, on a CPU ${avx512 ? 'with' : 'without'} AVX-512`, () => {
      const detected = cpu.avx512;
      cpu.avx512 = avx512;
      try {
        expect(relativeError(attentionLstm(inputs), reference(inputs).dataSync())).to.be.below(1e-5);
        const expected = gradients(reference);
        for (const [at, gradient] of gradients(attentionLstm).entries()) {
          expect(gradient.shape, names[at]).to.deep.equal(given[at]!.shape);
          expect(relativeError(gradient, expected[at]!.dataSync()), names[at]).to.be.below(2e-5);
        }
      } finally {
        cpu.avx512 = detected;
      }
    });
  }

  it('runs a single step', () => {
    const one = {...inputs, words: tf.slice(inputs.words, 0, 1)};
    const all = attentionLstm(inputs);
    expect(relativeError(attentionLstm(one), tf.slice(all, 0, 1).dataSync())).to.be.below(1e-6);
  });

  it('leaks no tensors', () => {
    const work = () => {
      attentionLstm(inputs).dispose();
      tf.dispose(gradients(attentionLstm));
    };
    tf.tidy(work);
    expect(leaked(() => tf.tidy(work))).to.deep.equal({tensors: 0, native: 0});
  });
});
