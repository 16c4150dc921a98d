/**
 * A convolution with its bias and activation in one kernel: three passes over the largest tensors of a CNN become one. It
 * is oneDNN's, which TensorFlow has on x86-64; elsewhere, and on a GPU, tfjs's own functions do the same in steps.
 */
import {bool, int, kernel, text, type, type Attribute} from './kernels';
import {device, tf} from './native';

export interface ConvolutionOptions {
  readonly depthwise: boolean;
  readonly stride: 1 | 2;
  readonly padding: 'same' | 'valid';
  readonly activation: 'linear' | 'relu' | 'relu6';
}

/**
 * Has no gradient.
 *
 * @param x `[batch, height, width, inputs]`.
 * @param filter `[height, width, inputs, outputs]`; of a depthwise one the last is 1.
 * @param bias `[outputs]`.
 * @returns `[batch, height, width, outputs]`. The caller disposes it.
 */
export function fusedConvolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  options: ConvolutionOptions,
): tf.Tensor4D {
  return (fusedKernels ??= haveFusedKernels())
    ? inOneKernel(x, filter, bias, options)
    : inSteps(x, filter, bias, options);
}

let fusedKernels: boolean | undefined;

function haveFusedKernels(): boolean {
  if (device() !== 'cpu' || process.arch !== 'x64') return false;
  return tf.tidy(() => {
    const [x, filter, bias] = [
      tf.ones<tf.Rank.R4>([2, 4, 4, 8]),
      tf.ones<tf.Rank.R4>([3, 3, 8, 1]),
      tf.ones([8]),
    ];
    const options = {depthwise: true, stride: 1, padding: 'same', activation: 'relu6'} as const;
    try {
      return (
        tf
          .equal(inOneKernel(x, filter, bias, options), inSteps(x, filter, bias, options))
          .all()
          .dataSync()[0] === 1
      );
    } catch {
      return false; // oneDNN was turned off, or left out of this TensorFlow
    }
  });
}

const fusedOps = {linear: 'BiasAdd', relu: 'BiasAdd,Relu', relu6: 'BiasAdd,Relu6'} as const;
/** Attributes are made once: a network has a few dozen kinds of layer and is run for thousands of pictures. */
const known = new Map<string, Attribute[]>();

function inOneKernel(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  options: ConvolutionOptions,
): tf.Tensor4D {
  const {depthwise, stride, padding, activation} = options;
  const key = `${depthwise} ${stride} ${padding} ${activation}`;
  let attributes = known.get(key);
  if (attributes === undefined) {
    attributes = [
      type('T', 'float32'),
      int('strides', [1, stride, stride, 1]),
      int('dilations', [1, 1, 1, 1]),
      text('padding', padding.toUpperCase()),
      text('data_format', 'NHWC'),
      int('num_args', 1),
      text('fused_ops', fusedOps[activation]),
      bool('is_filter_const', false),
      text('_kernel', 'MklNameChangeOp'),
      ...(depthwise ? [] : [text('TArgs', 'f'), int('explicit_paddings', [])]),
    ];
    known.set(key, attributes);
  }
  const name = depthwise ? '_MklNativeFusedDepthwiseConv2dNative' : '_MklNativeFusedConv2D';
  return kernel(name, [x, filter, bias], attributes);
}

function inSteps(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  options: ConvolutionOptions,
): tf.Tensor4D {
  const {depthwise, stride, padding, activation} = options;
  const run = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
  return run({x, filter, bias, strides: stride, pad: padding, activation});
}
