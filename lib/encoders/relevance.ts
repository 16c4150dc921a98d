/**
 * Layer-wise relevance propagation (Bach et al. 2015, doi 10.1371/journal.pone.0130140) as a rule for the backward pass. What a layer's
 * output is worth goes back to its inputs in proportion to what they contributed, so that the sum stays the same. Biases get nothing.
 */
import {fusedConvolution} from '../ops/convolution';
import {tf} from '../tensorflow/tensorflow';
import {
  averageGradient,
  inputGradient,
  maximumGradient,
  splitChannels,
  type LayerRule,
  type RecordedNetwork,
} from './backward';
import type {Weights} from './forward';
import {isConvolution, isJoin, type Convolution} from './layers';

export const convolutionRules = ['alpha1-beta0', 'epsilon'] as const;
/** `alpha1-beta0` counts positive contributions alone; `epsilon` all of them, and small sums are kept away from 0. */
export type ConvolutionRule = (typeof convolutionRules)[number];

/** Added to sums before dividing by them, away from 0, as a fraction of the largest sum of the layer. */
const relativeEpsilon = {'alpha1-beta0': 0, 'epsilon': 1e-6};

/**
 * The rule that passes relevance.
 *
 * @param network With the outputs of all layers and the input.
 */
export function relevanceRule(network: RecordedNetwork, rule: ConvolutionRule): LayerRule {
  const {outputs} = network;
  return (layer, r) => {
    if (isConvolution(layer))
      return [rule === 'epsilon' ? epsilonRule(layer, r, network) : positiveRule(layer, r, network)];
    if (isJoin(layer)) {
      if (layer.kind === 'concatenate') return splitChannels(layer.from, r, network.layers);
      const parts = layer.from.map((name) => outputs[name]!);
      // Terms of opposite sign could multiply relevance; each gets its share of the absolute values.
      const sizes = parts.map((part) => tf.abs(part));
      const each = ratio(r, tf.addN(sizes), 0);
      const idle = tf.div(tf.mul(r, tf.cast(tf.equal(tf.addN(sizes), 0), 'float32')), parts.length);
      return sizes.map((size) => tf.add<tf.Tensor4D>(tf.mul(size, each), idle));
    }
    const [x, y] = [outputs[layer.from]!, outputs[layer.name]!];
    if (layer.kind === 'maximum') return [maximumGradient(layer, r, x, y)];
    return [tf.mul(x, averageGradient(layer, ratio(r, y, 0), x.shape[1]))];
  };
}

/** Relevance by the share of each product in the sum, without the bias. */
function epsilonRule(layer: Convolution, r: tf.Tensor4D, network: RecordedNetwork): tf.Tensor4D {
  const x = network.outputs[layer.from]!;
  const sums = sumsOf(layer, x, filterOf(layer, network.weights));
  return tf.mul(x, inputGradient(layer, ratio(r, sums, relativeEpsilon.epsilon), network));
}

/** Relevance by the share of each positive product in the positive sum. */
function positiveRule(layer: Convolution, r: tf.Tensor4D, network: RecordedNetwork): tf.Tensor4D {
  const x = network.outputs[layer.from]!;
  const filter = filterOf(layer, network.weights);
  const parts = [
    [tf.relu(x), tf.relu(filter)],
    [tf.minimum(x, 0), tf.minimum(filter, 0)],
  ] as [tf.Tensor4D, tf.Tensor4D][];
  const sums = tf.addN(parts.map(([x, filter]) => sumsOf(layer, x, filter)));
  const each = ratio(r, sums, 0);
  // Where nothing contributed positively, what contributed at all gets the relevance.
  const rest = tf.mul<tf.Tensor4D>(r, tf.cast(tf.equal(sums, 0), 'float32'));
  const ofRest = epsilonRule(layer, rest, network);
  return tf.addN([
    ...parts.map(([x, filter]) => tf.mul<tf.Tensor4D>(x, inputGradient(layer, each, network, filter))),
    ofRest,
  ]);
}

function filterOf({name}: Convolution, weights: Weights): tf.Tensor4D {
  return weights.get(`${name}.weight`) as tf.Tensor4D;
}

function sumsOf(
  {kind, stride, padding, inputs, outputs}: Convolution,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
): tf.Tensor4D {
  const depthwise = kind === 'depthwise';
  const none = tf.zeros([depthwise ? inputs : outputs]);
  return fusedConvolution(x, filter, none, {depthwise, stride, padding, activation: 'linear'});
}

/** Divides, and gives 0 where the divisor is 0. @param relative See `relativeEpsilon`. */
function ratio(r: tf.Tensor4D, sums: tf.Tensor4D, relative: number): tf.Tensor4D {
  if (relative === 0) return tf.divNoNan<tf.Tensor4D>(r, sums);
  const epsilon = tf.mul(tf.max(tf.abs(sums)), relative);
  const sign = tf.sub(tf.mul(tf.cast(tf.greaterEqual(sums, 0), 'float32'), 2), 1);
  return tf.divNoNan<tf.Tensor4D>(r, tf.add(sums, tf.mul(sign, epsilon)));
}
