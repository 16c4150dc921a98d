/**
 * The backward pass through a network's layers, to their input: gradients with respect to the weights are not computed. The forward pass
 * keeps what it needs, so that several backward passes, such as one for each word of a caption, share it.
 */
import {runOp, int, text, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {activationGradient, convolutionInputGradient} from '../ops/convolution';
import {forwardTo, type Weights} from './forward';
import {inputLayer, isConvolution, isJoin, type Layer, type Pooling} from './layers';

/** Feature maps by the names of their layers. */
export type Outputs = Readonly<Record<string, tf.Tensor4D>>;

/**
 * How a gradient passes an activation: `gradient` as it is; `guided` only where it is positive (Springenberg et al. 2015, arXiv
 * 1412.6806, section 3.4).
 */
export type BackwardRule = 'gradient' | 'guided';

/** Returns the names of the layers whose outputs the backward pass needs. */
export function recordedLayers(layers: readonly Layer[]): Set<string> {
  return new Set(
    layers.flatMap((layer) => {
      if (isConvolution(layer)) return layer.activation === 'linear' ? [] : [layer.name];
      return layer.kind === 'maximum' ? [layer.name, layer.from] : [];
    }),
  );
}

/**
 * Runs all layers of a network and keeps some outputs.
 *
 * @param x Input of the first layer, `[batch, height, width, channels]`.
 * @param keep Names of the layers whose outputs are returned.
 * @returns Those outputs, the last layer's among them. The caller disposes them.
 */
export function forwardRecorded(
  layers: readonly Layer[],
  weights: Weights,
  x: tf.Tensor4D,
  keep: ReadonlySet<string>,
): Outputs {
  return tf.tidy(() => {
    const outputs = forwardTo(layers, weights, x, (name) => keep.has(name));
    const kept = [...outputs].filter(([name]) => keep.has(name) || name === layers.at(-1)!.name);
    return Object.fromEntries(kept);
  });
}

/** Where the backward pass ends, and how it passes activations. */
export interface BackwardOptions {
  readonly rule?: BackwardRule;
  /** Layer with respect to whose output the gradient is computed. @default the network's input */
  readonly until?: string;
  /** Whether to sum the gradients with respect to the network's input over the batch, which saves most of the first layer's work. @default false */
  readonly sum?: boolean;
}

/**
 * Computes the gradient with respect to the input of a network, or to the output of one of its layers.
 *
 * @param sides Side of each layer's feature map by name, see `sidesOf`.
 * @param outputs As `forwardRecorded` returned them for `recordedLayers`.
 * @param dy Gradient with respect to the output of the last layer.
 * @returns `[batch, side, side, channels]`. The caller disposes it.
 */
export function backward(
  layers: readonly Layer[],
  weights: Weights,
  sides: ReadonlyMap<string, number>,
  outputs: Outputs,
  dy: tf.Tensor4D,
  {rule = 'gradient', until = inputLayer.name, sum = false}: BackwardOptions = {},
): tf.Tensor4D {
  const gradients = new Map<string, tf.Tensor4D>([[layers.at(-1)!.name, dy]]);
  const add = (name: string, term: tf.Tensor4D): void => {
    const before = gradients.get(name);
    gradients.set(name, before ? tf.add(before, term) : term);
  };
  return tf.tidy(() => {
    for (const layer of [...layers].reverse()) {
      if (layer.name === until) break;
      const d = gradients.get(layer.name);
      if (d === undefined) continue;
      gradients.delete(layer.name);
      if (isConvolution(layer)) {
        const {name, from, activation, inputs, stride, padding} = layer;
        const passed = activation === 'linear' ? d : passActivation(rule, d, outputs[name]!, activation);
        // Convolutions are linear, so that those that read the input need only the sum.
        const dz = sum && from === inputLayer.name ? tf.sum<tf.Tensor4D>(passed, 0, true) : passed;
        const filter = weights.get(`${name}.weight`) as tf.Tensor4D;
        const side = sides.get(from)!;
        const geometry = {depthwise: layer.kind === 'depthwise', stride, padding};
        add(from, convolutionInputGradient(dz, filter, [dz.shape[0], side, side, inputs], geometry));
      } else if (!isJoin(layer)) add(layer.from, poolingGradient(layer, d, sides.get(layer.from)!, outputs));
      else if (layer.kind === 'add') for (const name of layer.from) add(name, d);
      else {
        const parts = tf.split(d, channelsOf(layer.from, layers), 3);
        for (const [at, name] of layer.from.entries()) add(name, parts[at] as tf.Tensor4D);
      }
    }
    return gradients.get(until)!;
  });
}

function passActivation(
  rule: BackwardRule,
  dy: tf.Tensor4D,
  y: tf.Tensor4D,
  activation: 'relu' | 'relu6',
): tf.Tensor4D {
  const dz = activationGradient(dy, y, activation);
  return rule === 'guided' ? tf.relu(dz) : dz;
}

function poolingGradient(layer: Pooling, dy: tf.Tensor4D, side: number, outputs: Outputs): tf.Tensor4D {
  const attributes = [
    type('T', 'float32'),
    int('ksize', [1, 3, 3, 1]),
    int('strides', [1, layer.stride, layer.stride, 1]),
    text('padding', layer.padding.toUpperCase()),
    text('data_format', 'NHWC'),
  ];
  if (layer.kind === 'average') {
    const shape = tf.tensor1d([dy.shape[0], side, side, dy.shape[3]], 'int32');
    return runOp('AvgPoolGrad', [shape, dy], attributes);
  }
  const inputs = [outputs[layer.from]!, outputs[layer.name]!, dy];
  return runOp('MaxPoolGrad', inputs, [...attributes, int('explicit_paddings', [])]);
}

/** Returns the channels of layers by their names. */
function channelsOf(names: readonly string[], layers: readonly Layer[]): number[] {
  return names.map((name) => {
    const layer = layers.find((one) => one.name === name)!;
    if (isConvolution(layer)) return layer.outputs;
    const channels = channelsOf([layer.from].flat(), layers);
    return layer.kind === 'concatenate' ? channels.reduce((sum, one) => sum + one) : channels[0]!;
  });
}
