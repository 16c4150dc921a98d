/**
 * Convolution fused with its bias and activation: one pass over the largest tensors of a CNN instead of three. The fused op is
 * oneDNN's, which TensorFlow has on x86-64; elsewhere, and on a GPU, tfjs's own functions compute the same.
 */
import {bool, int, runOp, text, type, type Attribute} from '../tensorflow/ops';
import {isWritingForXla, outsideOfGraph} from '../tensorflow/graph-writer';
import {device, tf} from '../tensorflow/tensorflow';
import {matmul} from './matmul';
import {withGradient} from './with-gradient';

export interface ConvolutionOptions {
  readonly depthwise: boolean;
  readonly stride: 1 | 2;
  readonly padding: 'same' | 'valid';
  readonly activation: 'linear' | 'relu' | 'relu6';
}

/**
 * Convolves, adds the bias and applies the activation. Has no gradient.
 *
 * @param x `[batch, height, width, inputs]`
 * @param filter `[height, width, inputs, outputs]`; for a depthwise convolution `[height, width, inputs, 1]`.
 * @param bias `[outputs]`
 * @returns `[batch, height, width, outputs]`. The caller disposes it.
 */
export function fusedConvolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  options: ConvolutionOptions,
): tf.Tensor4D {
  return !isWritingForXla() && (fusedOpsWork ??= outsideOfGraph(tryFusedOps))
    ? oneDnnConvolution(x, filter, bias, options)
    : tfjsConvolution(x, filter, bias, options);
}

let fusedOpsWork: boolean | undefined;

function tryFusedOps(): boolean {
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
          .equal(oneDnnConvolution(x, filter, bias, options), tfjsConvolution(x, filter, bias, options))
          .all()
          .dataSync()[0] === 1
      );
    } catch {
      return false; // oneDNN is turned off, or this TensorFlow was built without it
    }
  });
}

const fusedOps = {linear: 'BiasAdd', relu: 'BiasAdd,Relu', relu6: 'BiasAdd,Relu6'} as const;
/** Attributes by options, built once: a network has a few dozen kinds of layer and runs on thousands of images. */
const attributeCache = new Map<string, Attribute[]>();

function oneDnnConvolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  options: ConvolutionOptions,
): tf.Tensor4D {
  const {depthwise, stride, padding, activation} = options;
  const key = `${depthwise} ${stride} ${padding} ${activation}`;
  let attributes = attributeCache.get(key);
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
    attributeCache.set(key, attributes);
  }
  const name = depthwise ? '_MklNativeFusedDepthwiseConv2dNative' : '_MklNativeFusedConv2D';
  return runOp(name, [x, filter, bias], attributes);
}

function tfjsConvolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  options: ConvolutionOptions,
): tf.Tensor4D {
  const {depthwise, stride, padding, activation} = options;
  const run = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
  return run({x, filter, bias, strides: stride, pad: padding, activation});
}

/** `fusedConvolution`, differentiable with respect to `x`, `filter` and `bias`. Only its inputs and output are kept for the gradient. */
export function convolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor,
  options: ConvolutionOptions,
): tf.Tensor4D {
  const {depthwise, stride, activation} = options;
  const [height, width, inputs, outputs] = filter.shape;
  // A pointwise convolution is a matrix product of the pixels that its stride visits. Its gradient is computed as one: faster, and right with
  // strides, where TensorFlow 2.21's `Conv2DBackpropFilter` is wrong now and then.
  const pointwise = !depthwise && height === 1 && width === 1;
  return withGradient<tf.Tensor4D>([x, filter, bias], (save) => {
    const y = fusedConvolution(x, filter, bias, options);
    save([x, filter, y]);
    return {value: y, gradient: (dy, saved) => gradient(dy, saved)};
  });

  function gradient(dy: tf.Tensor4D, saved: readonly tf.Tensor[]): tf.Tensor[] {
    const [x, filter, y] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    const passed =
      activation === 'linear' ? dy : runOp(gradients[activation], [dy, y], [type('T', 'float32')]);
    const dBias = runOp('BiasAddGrad', [passed], [type('T', 'float32'), text('data_format', 'NHWC')]);
    if (pointwise && stride === 1) {
      const flat = tf.reshape(passed, [-1, outputs]);
      const dx = matmul(flat, tf.reshape(filter, [inputs, outputs]), 'second');
      const dFilter = matmul(tf.reshape(x, [-1, inputs]), flat, 'first');
      return [tf.reshape(dx, x.shape), tf.reshape(dFilter, filter.shape), dBias];
    }
    const dx = convolutionInputGradient(passed as tf.Tensor4D, filter, x.shape, options);
    const dFilter = pointwise
      ? tf.reshape(
          matmul(
            tf.reshape(tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, stride, stride, 1]), [-1, inputs]),
            tf.reshape(passed, [-1, outputs]),
            'first',
          ),
          filter.shape,
        )
      : runOp(
          `${backpropOp(options)}Filter`,
          [x, tf.tensor1d(filter.shape, 'int32'), passed],
          backpropAttributes(options),
        );
    return [dx, dFilter, dBias];
  }
}

type Geometry = Pick<ConvolutionOptions, 'depthwise' | 'stride' | 'padding'>;

/**
 * Computes the gradient of a convolution with respect to its input alone.
 *
 * @param dz Gradient with respect to the sums before the activation, `[batch, height, width, outputs]`.
 * @param filter As for `fusedConvolution`.
 * @param shape Shape of the input.
 * @returns A tensor of that shape. The caller disposes it.
 */
export function convolutionInputGradient(
  dz: tf.Tensor4D,
  filter: tf.Tensor4D,
  shape: readonly [number, number, number, number],
  options: Geometry,
): tf.Tensor4D {
  const [height, width, inputs, outputs] = filter.shape;
  if (!options.depthwise && height === 1 && width === 1 && options.stride === 1) {
    // Transposed first, which takes no time, the product is twice as fast as one that transposes. Training doesn't do so: it rounds otherwise.
    const transposed = tf.transpose(tf.reshape<tf.Rank.R2>(filter, [inputs, outputs]));
    return tf.reshape(matmul(tf.reshape(dz, [-1, outputs]), transposed), [...shape]);
  }
  const sizes = tf.tensor1d([...shape], 'int32');
  return runOp(`${backpropOp(options)}Input`, [sizes, filter, dz], backpropAttributes(options));
}

function backpropOp({depthwise}: Geometry): string {
  return depthwise ? 'DepthwiseConv2dNativeBackprop' : 'Conv2DBackprop';
}

function backpropAttributes({depthwise, stride, padding}: Geometry): Attribute[] {
  return [
    type('T', 'float32'),
    int('strides', [1, stride, stride, 1]),
    int('dilations', [1, 1, 1, 1]),
    text('padding', padding.toUpperCase()),
    text('data_format', 'NHWC'),
    int('explicit_paddings', []),
    ...(depthwise ? [] : [bool('use_cudnn_on_gpu', true)]),
  ];
}

/** Ops that compute an activation's gradient from its output: 0 where the output is clipped. */
const gradients = {relu: 'ReluGrad', relu6: 'Relu6Grad'} as const;

/**
 * Computes the gradient of an activation.
 *
 * @param dy Gradient with respect to its output.
 * @param y Its output.
 */
export function activationGradient(
  dy: tf.Tensor4D,
  y: tf.Tensor4D,
  activation: 'relu' | 'relu6',
): tf.Tensor4D {
  return runOp(gradients[activation], [dy, y], [type('T', 'float32')]);
}
