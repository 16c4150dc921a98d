import {execFileSync} from 'node:child_process';
import {expect} from 'chai';
import {tf} from 'captioner';
import {matmul} from 'captioner/dist/ops/matmul';
import {normal} from 'captioner/dist/ops/random';
import {relativeError} from '../tensors';

describe('matmul', () => {
  const [a, b] = [normal([5, 3], [1, 1]), normal([3, 4], [1, 2])];
  const expected = tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D).dataSync();

  it('multiplies matrices, either one transposed', () => {
    expect(matmul(a, b).shape).to.deep.equal([5, 4]);
    for (const found of [
      matmul(a, b),
      matmul(tf.transpose(a), b, 'first'),
      matmul(a, tf.transpose(b), 'second'),
    ])
      expect(relativeError(found, expected)).to.be.below(1e-6);
  });

  it('multiplies in bfloat16 if oneDNN is asked to', () => {
    const script = `
      const {tf} = require('captioner/dist/tensorflow/tensorflow');
      const {matmul} = require('captioner/dist/ops/matmul');
      const {normal} = require('captioner/dist/ops/random');
      const [a, b] = [normal([64, 512], [1, 1]), normal([512, 64], [1, 2])];
      const found = [matmul(a, b), matmul(tf.transpose(a), b, 'first'), matmul(a, tf.transpose(b), 'second')];
      const sizes = a.abs().matMul(b.abs());
      console.log(JSON.stringify(found.map((one) => one.sub(a.matMul(b)).abs().div(sizes).max().dataSync()[0])));`;
    const env = {...process.env, ONEDNN_DEFAULT_FPMATH_MODE: 'BF16'};
    const errors = JSON.parse(
      execFileSync(process.execPath, ['-e', script], {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as number[];
    // Rounding to bfloat16 changes each factor by at most 2⁻⁹ of itself.
    for (const error of errors) expect(error).to.be.below(2 ** -8);
  });
});
