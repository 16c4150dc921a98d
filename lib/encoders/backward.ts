/**
 * The backward pass through a network's layers, to their input: gradients with respect to the weights are not computed. The forward pass
 * keeps what it needs, so that several backward passes, such as one for each word of a caption, share it. Other rules than that of
 * gradients pass other values backward, such as relevance.
 */
import {runOp, int, text, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {activationGradient, convolutionInputGradient} from '../ops/convolution';
import {forwardTo, type Weights} from './forward';
import {inputLayer, isConvolution, isJoin, type Convolution, type Layer, type Pooling} from './layers';

/** Feature maps by the names of their layers. */
export type Outputs = Readonly<Record<string, tf.Tensor4D>>;

/** A network and what is known of a forward pass through it. */
export interface RecordedNetwork {
  readonly layers: readonly Layer[];
  readonly weights: Weights;
  /** Side of each layer's feature map by name, see `sidesOf`. */
  readonly sides: ReadonlyMap<string, number>;
  readonly outputs: Outputs;
}

/**
 * Passes values backward through a layer.
 *
 * @param d Values of the layer's output.
 * @returns Those of its inputs, in the order of `from`.
 */
export type LayerRule = (layer: Layer, d: tf.Tensor4D) => readonly tf.Tensor4D[];

/** Returns the names of the layers whose outputs gradients need. */
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
 * @param keep Names of the layers whose outputs are returned; `input` for the input itself.
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

/**
 * Passes values backward through a network.
 *
 * @param d Values of the last layer's output.
 * @param until Layer at whose output it ends. @default the network's input
 * @returns Values of that output, `[batch, side, side, channels]`. The caller disposes them.
 */
export function backward(
  layers: readonly Layer[],
  d: tf.Tensor4D,
  rule: LayerRule,
  until: string = inputLayer.name,
): tf.Tensor4D {
  const found = new Map<string, tf.Tensor4D>([[layers.at(-1)!.name, d]]);
  return tf.tidy(() => {
    for (const layer of [...layers].reverse()) {
      if (layer.name === until) break;
      const own = found.get(layer.name);
      if (own === undefined) continue;
      found.delete(layer.name);
      const parts = rule(layer, own);
      for (const [at, name] of [layer.from].flat().entries()) {
        const before = found.get(name);
        found.set(name, before ? tf.add(before, parts[at]!) : parts[at]!);
      }
    }
    return found.get(until)!;
  });
}

/** How gradients pass. */
export interface GradientRuleOptions {
  /** Only positive gradients pass activations (Springenberg et al. 2015, arXiv 1412.6806, section 3.4). @default false */
  readonly guided?: boolean;
  /** Sums the gradients of the network's input over the batch, which saves most of the first layer's work. @default false */
  readonly sum?: boolean;
}

/** The rule that passes gradients. It needs the outputs of `recordedLayers`. */
export function gradientRule(
  network: RecordedNetwork,
  {guided = false, sum = false}: GradientRuleOptions = {},
): LayerRule {
  return (layer, d) => {
    if (isConvolution(layer)) {
      const {name, from, activation} = layer;
      const dz = activation === 'linear' ? d : activationGradient(d, network.outputs[name]!, activation);
      const passed = guided && activation !== 'linear' ? tf.relu<tf.Tensor4D>(dz) : dz;
      // Convolutions are linear, so that those that read the input need only the sum.
      const summed = sum && from === inputLayer.name ? tf.sum<tf.Tensor4D>(passed, 0, true) : passed;
      return [inputGradient(layer, summed, network)];
    }
    if (isJoin(layer))
      return layer.kind === 'add' ? layer.from.map(() => d) : splitChannels(layer.from, d, network.layers);
    return [
      layer.kind === 'average'
        ? averageGradient(layer, d, network.sides.get(layer.from)!)
        : maximumGradient(layer, d, network.outputs[layer.from]!, network.outputs[layer.name]!),
    ];
  };
}

/** Computes the gradient of a convolution's input from that of its sums, for these or other filters. */
export function inputGradient(
  {name, kind, from, inputs, stride, padding}: Convolution,
  dz: tf.Tensor4D,
  {weights, sides}: Pick<RecordedNetwork, 'weights' | 'sides'>,
  filter: tf.Tensor4D = weights.get(`${name}.weight`) as tf.Tensor4D,
): tf.Tensor4D {
  const side = sides.get(from)!;
  const geometry = {depthwise: kind === 'depthwise', stride, padding};
  return convolutionInputGradient(dz, filter, [dz.shape[0], side, side, inputs], geometry);
}

/** Spreads the gradient of an average over its window. @param side Side of the input. */
export function averageGradient(layer: Pooling, d: tf.Tensor4D, side: number): tf.Tensor4D {
  const shape = tf.tensor1d([d.shape[0], side, side, d.shape[3]], 'int32');
  return runOp('AvgPoolGrad', [shape, d], poolingAttributes(layer));
}

/** Hands the gradient of a maximum to where the input `x` has it. @param y The maxima. */
export function maximumGradient(layer: Pooling, d: tf.Tensor4D, x: tf.Tensor4D, y: tf.Tensor4D): tf.Tensor4D {
  return runOp('MaxPoolGrad', [x, y, d], [...poolingAttributes(layer), int('explicit_paddings', [])]);
}

function poolingAttributes({stride, padding}: Pooling) {
  return [
    type('T', 'float32'),
    int('ksize', [1, 3, 3, 1]),
    int('strides', [1, stride, stride, 1]),
    text('padding', padding.toUpperCase()),
    text('data_format', 'NHWC'),
  ];
}

/** Splits the values of a concatenation into those of its parts. */
export function splitChannels(
  names: readonly string[],
  d: tf.Tensor4D,
  layers: readonly Layer[],
): tf.Tensor4D[] {
  return tf.split(d, channelsOf(names, layers), 3);
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
