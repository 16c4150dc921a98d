import {expect} from 'chai';
import type {Architecture} from 'captioner/dist/encoders/architecture';
import {Cnn} from 'captioner/dist/encoders/cnn';
import {weightShapes} from 'captioner/dist/encoders/forward';
import {inputLayer, NetworkBuilder} from 'captioner/dist/encoders/layers';
import {FineTunedEncoder, loadEncoder, tf} from 'captioner';
import {float32} from 'captioner/dist/files/safetensors';
import {normal} from 'captioner/dist/ops/random';

/** A network with every kind of layer, for images of 12 × 12 pixels. */
function tiny(): Architecture {
  const table = new NetworkBuilder();
  table.block('first');
  let x = table.convolve('first.0', inputLayer, 4, {kernel: 3, stride: 2, activation: 'relu6'});
  table.block('second');
  const wide = table.convolve('second.0', x, 6, {activation: 'relu'});
  const seen = table.depthwise('second.1', wide, {kernel: 3, activation: 'relu6'});
  x = table.add('second.3', x, table.convolve('second.2', seen, 4));
  table.block('third');
  const sides = [
    table.convolve('third.0', table.pool('average', 'third.1', x, 1, 'same'), 3),
    table.pool('maximum', 'third.2', x, 1, 'same'),
    table.convolve('third.3', x, 2, {kernel: [1, 3], activation: 'relu'}),
  ];
  x = table.concatenate('third', sides);
  table.convolve('last', x, 5, {kernel: 3, stride: 2, padding: 'valid', activation: 'relu'});
  return {
    name: 'tiny',
    preprocessing: {
      size: 12,
      fit: 'stretch',
      interpolation: 'linear',
      mean: [127, 127, 127],
      std: [128, 128, 128],
    },
    layers: table.layers,
    normEpsilon: 1e-3,
    normScale: true,
    published: [],
  };
}

function tinyCnn(): Cnn {
  const architecture = tiny();
  const tensors = new Map(
    [...weightShapes(architecture.layers)].map(([name, shape], at) => {
      const numbers = tf.tidy(() => tf.mul(normal(shape, [5, at]), 0.5).dataSync<'float32'>());
      return [name, float32(numbers, shape)] as const;
    }),
  );
  return Cnn.create(architecture, architecture.preprocessing, {tensors, digest: 'd'}, 'tiny');
}

const pixelsOf = (seed: number): tf.Tensor4D =>
  tf.tidy(() => tf.round(tf.mul(tf.sigmoid(normal([3, 12, 12, 3], [seed, 1])), 255)) as tf.Tensor4D);

describe('FineTunedEncoder', () => {
  it('equals the pretrained network before training', () => {
    const pixels = pixelsOf(1);
    const frozen = tinyCnn();
    const {grid, pooled} = frozen.encode(pixels);
    for (const from of ['first', 'second', 'third']) {
      const tuned = new FineTunedEncoder(tinyCnn(), from);
      const {grid: prepared, pooled: mean} = tuned.frozen.encode(pixels);
      expect(prepared.shape).to.deep.equal([3, tuned.frozen.cells, tuned.frozen.depth]);
      const features = tuned.features(prepared);
      const now = tuned.cnn.encode(pixels);
      for (const [ours, theirs] of [
        [features.grid, grid],
        [features.pooled, pooled],
        [now.grid, grid],
      ] as const)
        expect(tf.tidy(() => tf.max(tf.abs(tf.sub(ours, theirs))).dataSync()[0])).to.be.below(1e-5);
      tf.dispose([prepared, mean, features.grid, features.pooled, now.grid, now.pooled]);
      tuned.dispose();
    }
    frozen.dispose();
    tf.dispose([pixels, grid, pooled]);
  });

  it('has gradients equal to finite differences for every trainable weight', () => {
    const tuned = new FineTunedEncoder(tinyCnn(), 'second');
    const pixels = pixelsOf(2);
    const {grid: prepared, pooled: mean} = tuned.frozen.encode(pixels);
    const direction = normal([3, 4, 5], [9, 9]); // [batch, cells, depth]
    const loss = (): tf.Scalar =>
      tf.tidy(() => tf.sum(tf.mul(tf.square(tuned.features(prepared).grid), direction)));
    const {value, grads} = tf.variableGrads(loss, [...tuned.weights.values()]);
    value.dispose();
    expect([...tuned.weights.keys()]).to.include.members(['second.0.weight', 'third.3.bias', 'last.weight']);
    expect([...tuned.weights.keys()].some((name) => name.startsWith('first'))).to.equal(false);
    for (const [at, [name, weight]] of [...tuned.weights].entries()) {
      // Along one direction per weight, with steps short enough to cross few kinks of ReLU.
      const offset = normal(weight.shape, [7, at]);
      const before = weight.clone();
      const moved = (step: number): number => {
        tf.tidy(() => weight.assign(tf.add(before, tf.mul(offset, step))));
        const found = loss();
        const [number] = found.dataSync();
        found.dispose();
        return number!;
      };
      const step = 2e-3;
      const slope = (moved(step) - moved(-step)) / (2 * step);
      weight.assign(before);
      const gradient = grads[weight.name]!;
      const expected = tf.tidy(() => tf.sum(tf.mul(gradient, offset)).dataSync()[0]!);
      // Relative to the largest slope that a direction of this length can have.
      const largest = tf.tidy(() => tf.mul(tf.norm(gradient), tf.norm(offset)).dataSync()[0]!);
      expect(Math.abs(slope - expected) / largest, name).to.be.below(0.02);
      tf.dispose([offset, before]);
    }
    tf.dispose(grads);
    tf.dispose([pixels, prepared, mean, direction]);
    tuned.dispose();
  });

  it('restores fine-tuned weights under a digest of its own', () => {
    const pixels = pixelsOf(3);
    const tuned = new FineTunedEncoder(tinyCnn(), 'third');
    tf.tidy(() => {
      for (const weight of tuned.weights.values()) weight.assign(tf.mul(weight, 1.5));
    });
    const {from, tensors} = tuned.fineTunedWeights();
    const again = new FineTunedEncoder(tinyCnn(), from, tensors);
    const [one, other] = [tuned.cnn.encode(pixels), again.cnn.encode(pixels)];
    expect(other.grid.dataSync()).to.deep.equal(one.grid.dataSync());
    expect([tuned.cnn.digest, again.cnn.digest.length]).to.deep.equal(['d', 64]);
    tf.dispose([pixels, one.grid, one.pooled, other.grid, other.pooled]);
    tuned.dispose();
    again.dispose();
  });

  it('frees its memory', () => {
    const before = tf.memory().numTensors;
    const tuned = new FineTunedEncoder(tinyCnn(), 'third');
    const again = new FineTunedEncoder(tuned.cnn, 'third', tuned.fineTunedWeights().tensors);
    again.dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('lists the blocks when asked for an unknown one', async () => {
    const encoder = await loadEncoder('efficientnet-lite0');
    expect(() => new FineTunedEncoder(encoder, 'blocks.99')).to.throw(
      /Unknown block "blocks.99" of efficientnet-lite0; known: stem, blocks.0, .*blocks.15, head$/,
    );
    encoder.dispose();
  });
});
