import {expect} from 'chai';
import {convolution, fusedConvolution, type ConvolutionOptions} from 'captioner/dist/ops/convolution';
import {tf} from 'captioner';
import {normal} from 'captioner/dist/ops/random';
import {leaked, relativeError} from '../tensors';

const shapes: Readonly<Record<string, [filter: [number, number, number, number], ConvolutionOptions]>> = {
  'pointwise': [[1, 1, 5, 7], {depthwise: false, stride: 1, padding: 'same', activation: 'relu6'}],
  'pointwise with stride 2': [
    [1, 1, 5, 3],
    {depthwise: false, stride: 2, padding: 'same', activation: 'linear'},
  ],
  '3 × 3': [[3, 3, 5, 4], {depthwise: false, stride: 2, padding: 'valid', activation: 'relu'}],
  '1 × 3': [[1, 3, 5, 4], {depthwise: false, stride: 1, padding: 'same', activation: 'relu6'}],
  'depthwise': [[5, 5, 5, 1], {depthwise: true, stride: 1, padding: 'same', activation: 'relu6'}],
  'depthwise with stride 2': [
    [3, 3, 5, 1],
    {depthwise: true, stride: 2, padding: 'same', activation: 'relu6'},
  ],
};

/** The same computation, differentiated by tfjs. */
function reference(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  options: ConvolutionOptions,
): tf.Tensor {
  const {depthwise, stride, padding, activation} = options;
  // The gradient of a pointwise filter with strides is wrong now and then in TensorFlow 2.21, so the pixels are picked first.
  const pointwise = filter.shape[0] === 1 && filter.shape[1] === 1;
  const visited = tf.range(0, 8, stride, 'int32');
  const seen = pointwise ? tf.gather(tf.gather(x, visited, 1), visited, 2) : x;
  const convolve = depthwise ? tf.depthwiseConv2d : tf.conv2d;
  const products = convolve(seen, filter, pointwise ? 1 : stride, padding);
  const sums = tf.add(products, bias);
  return activation === 'linear' ? sums : activation === 'relu' ? tf.relu(sums) : tf.relu6(sums);
}

describe('convolution', () => {
  for (const [name, [shape, options]] of Object.entries(shapes))
    it(`matches the value and gradients of tfjs's functions: ${name}`, () => {
      const x: tf.Tensor4D = tf.mul(normal([3, 8, 8, 5], [1, 2]), 2);
      const filter = normal(shape, [3, 4]) as tf.Tensor4D;
      const bias = normal([options.depthwise ? shape[2] : shape[3]], [5, 6]);
      const found = convolution(x, filter, bias, options);
      const expected = reference(x, filter, bias, options);
      expect(found.shape).to.deep.equal(expected.shape);
      expect(relativeError(found, expected.dataSync())).to.be.below(1e-5);
      expect([...fusedConvolution(x, filter, bias, options).dataSync()]).to.deep.equal([...found.dataSync()]);

      const dy = normal(found.shape, [7, 8]);
      const gradients = (of: typeof reference): tf.Tensor[] =>
        tf.grads((...inputs) => of(inputs[0] as tf.Tensor4D, inputs[1] as tf.Tensor4D, inputs[2]!, options))(
          [x, filter, bias],
          dy,
        );
      const theirs = gradients(reference);
      for (const [at, gradient] of gradients(convolution).entries()) {
        expect(gradient.shape).to.deep.equal(theirs[at]!.shape);
        expect(relativeError(gradient, theirs[at]!.dataSync()), `gradient ${at}`).to.be.below(1e-5);
      }
    });

  it('leaks no tensors', () => {
    const [filter, options] = shapes['pointwise']!;
    const parts = [normal([2, 4, 4, 5], [1, 1]), normal(filter, [1, 2]), normal([7], [1, 3])];
    const work = () =>
      tf.dispose(
        tf.grads((...inputs) =>
          convolution(inputs[0] as tf.Tensor4D, inputs[1] as tf.Tensor4D, inputs[2]!, options),
        )(parts),
      );
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
    tf.dispose(parts);
  });
});
