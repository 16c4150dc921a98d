import {expect} from 'chai';
import {tf} from 'captioner';
import {sparseCrossEntropy} from 'captioner/dist/ops/cross-entropy';
import {matmul} from 'captioner/dist/ops/matmul';
import {normal} from 'captioner/dist/ops/random';
import {compiled} from 'captioner/dist/tensorflow/compiled';
import {outsideOfGraph} from 'captioner/dist/tensorflow/graph-writer';
import {currentPrecision, withPrecision, type Precision} from 'captioner/dist/tensorflow/precision';
import {eagerly, leaked, relativeError} from '../tensors';

const numbers = (x: tf.Tensor): number[] => [...x.dataSync<'float32'>()];

/** The nearest number with 8 bits of mantissa, ties to even. */
function rounded(value: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  const whole = bits.getUint32(0);
  bits.setUint32(0, (whole + 0x7fff + ((whole >>> 16) & 1)) & 0xffff0000);
  return bits.getFloat32(0);
}

/** The product of two matrices in float64, of factors that were rounded. */
function productOf(a: tf.Tensor2D, b: tf.Tensor2D): number[] {
  const [rows, columns] = [a.arraySync(), tf.tidy(() => tf.transpose(b).arraySync())];
  return rows.flatMap((row) =>
    columns.map((column) => row.reduce((sum, x, at) => sum + rounded(x) * rounded(column[at]!), 0)),
  );
}

describe('Mixed precision', () => {
  const [a, b] = [normal([24, 40], [1, 2]), normal([40, 16], [3, 4])] as [tf.Tensor2D, tf.Tensor2D];
  after(() => tf.dispose([a, b]));

  const products: readonly (readonly [string, (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor])[] = [
    ['MatMul', (a, b) => matmul(a, b)],
    ['MatMul of a transposed factor', (a, b) => matmul(tf.transpose(a), b, 'first')],
    ['tf.matMul', (a, b) => tf.matMul(a, b)],
    ['tf.einsum', (a, b) => tf.einsum('ij,jk->ik', a, b)],
  ];
  for (const [name, multiply] of products)
    for (const how of ['compiled', 'op by op'] as const)
      it(`multiplies factors that are rounded to bfloat16, and returns float32: ${name}, ${how}`, () => {
        const product = compiled((precision: Precision, a: tf.Tensor2D, b: tf.Tensor2D) =>
          withPrecision(precision, () => tf.tidy(() => multiply(a, b))),
        );
        const run = (precision: Precision) =>
          tf.tidy(() => {
            const call = () => product(precision, a, b);
            const found = how === 'compiled' ? call() : eagerly(call);
            expect(found.dtype).to.equal('float32');
            return numbers(tf.add(found, 0));
          });
        const expected = productOf(a, b);
        // Where products run in bfloat16, the sum is rounded too, by half a unit in the last of 8 bits; its terms are added in float32.
        for (const [at, value] of run('bfloat16').entries())
          expect(Math.abs(value - expected[at]!)).to.be.at.most(Math.abs(expected[at]!) * 2 ** -8 + 1e-5);
        expect(run('bfloat16')).to.deep.equal(run('bfloat16'));
        expect(run('bfloat16')).not.to.deep.equal(run('float32'));
        expect(relativeError(run('float32'), numbers(tf.matMul(a, b)))).to.be.below(1e-6);
        expect(leaked(() => run('bfloat16'))).to.deep.equal({tensors: 0, native: 0});
        product.dispose();
      });

  it('leaves products of integers and all other ops alone', () => {
    withPrecision('bfloat16', () =>
      tf.tidy(() => {
        const whole = tf.tensor2d([[257, 1001]], [1, 2], 'int32');
        expect(numbers(tf.matMul(whole, tf.transpose(whole)))).to.deep.equal([257 ** 2 + 1001 ** 2]);
        expect(numbers(tf.add(257, tf.sum(tf.tensor1d([1, 2 ** -12]))))).to.deep.equal([258 + 2 ** -12]);
      }),
    );
  });

  it('ends with the work, also when that fails, and can be left for a part of it', () => {
    const one = tf.tensor2d([[1 + 2 ** -12]]);
    const square = (): number => tf.tidy(() => numbers(tf.matMul(one, tf.ones([1, 1])))[0]!);
    const exact = 1 + 2 ** -12;
    const seen = withPrecision('bfloat16', () => [
      square(),
      withPrecision('float32', square),
      outsideOfGraph(square),
      square(),
      currentPrecision(),
    ]);
    expect(seen).to.deep.equal([1, exact, 1, 1, 'bfloat16']);
    expect(() =>
      withPrecision('bfloat16', () => {
        throw new Error('stop');
      }),
    ).to.throw('stop');
    expect([square(), currentPrecision()]).to.deep.equal([exact, 'float32']);
    one.dispose();
  });

  it('gives gradients near those of float32 where almost all words are certain, and cancellation would hide the rest', () => {
    // Logits of 6 for the target: its probability is above 0.9, so that p - 1 is small.
    const [rows, units, vocabulary] = [64, 16, 16];
    const noise = tf.mul<tf.Tensor2D>(normal([rows, units], [5, 6]), 0.05);
    const states = tf.tidy(() => tf.add<tf.Tensor2D>(tf.tile(tf.eye(units), [rows / units, 1]), noise));
    const weight = tf.tidy(() => tf.mul<tf.Tensor2D>(tf.eye(vocabulary), 6));
    const bias = tf.zeros<tf.Rank.R1>([vocabulary]);
    const targets = tf.tensor1d(
      Array.from({length: rows}, (_, at) => at % vocabulary),
      'int32',
    );
    for (const smoothing of [0, 0.1]) {
      const found = (precision: Precision): number[][] =>
        withPrecision(precision, () =>
          tf.tidy(() =>
            tf
              .grads((s: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
                sparseCrossEntropy(s as tf.Tensor2D, w as tf.Tensor2D, b as tf.Tensor1D, targets, smoothing),
              )([states, weight, bias])
              .map(numbers),
          ),
        );
      const full = found('float32');
      for (const [at, half] of found('bfloat16').entries())
        expect(relativeError(half, full[at]!), `${at}, smoothing ${smoothing}`).to.be.below(0.05);
    }
    tf.dispose([noise, states, weight, bias, targets]);
  });
});
