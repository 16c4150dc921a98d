/**
 * Layer-wise relevance propagation (Bach et al. 2015, doi 10.1371/journal.pone.0130140) as a rule for the backward pass. What a layer's
 * output is worth goes back to its inputs in proportion to what they contributed, so that the sum stays the same. Biases get nothing,
 * and of a convolution's contributions only positive ones count (α = 1, β = 0): counting all is unstable in networks this deep.
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

/**
 * The rule that passes relevance.
 *
 * @param network With the outputs of all layers and the input.
 */
export function relevanceRule(network: RecordedNetwork): LayerRule {
  const {outputs} = network;
  return (layer, r) => {
    if (isConvolution(layer)) return [positiveRule(layer, r, network)];
    if (isJoin(layer)) {
      if (layer.kind === 'concatenate') return splitChannels(layer.from, r, network.layers);
      const parts = layer.from.map((name) => outputs[name]!);
      // Terms of opposite sign could multiply relevance; each gets its share of the absolute values.
      const sizes = parts.map((part) => tf.abs(part));
      const each = ratio(r, tf.addN(sizes));
      const idle = tf.div(tf.mul(r, tf.cast(tf.equal(tf.addN(sizes), 0), 'float32')), parts.length);
      return sizes.map((size) => tf.add<tf.Tensor4D>(tf.mul(size, each), idle));
    }
    const [x, y] = [outputs[layer.from]!, outputs[layer.name]!];
    if (layer.kind === 'maximum') return [maximumGradient(layer, r, x, y)];
    return [tf.mul(x, averageGradient(layer, ratio(r, y), x.shape[1]))];
  };
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
  const each = ratio(r, sums);
  const positive = tf.addN(
    parts.map(([x, filter]) => tf.mul<tf.Tensor4D>(x, inputGradient(layer, each, network, filter))),
  );
  // Where all contributions are negative, each gets its share of them; where there are none, such as where a bias alone is left, all inputs share.
  const all = sumsOf(layer, x, filter);
  const without = <T extends tf.Tensor>(r: T, sums: tf.Tensor): T =>
    tf.mul<T>(r, tf.cast(tf.equal(sums, 0), 'float32'));
  const rest = without(r, sums);
  const negative = tf.mul<tf.Tensor4D>(x, inputGradient(layer, ratio(rest, all), network));
  const ones = tf.onesLike(filter);
  const counts = sumsOf(layer, tf.onesLike(x), ones);
  const flat = inputGradient(layer, tf.div(without(rest, all), counts), network, ones);
  return tf.addN([positive, negative, flat]);
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

/** Divides, and gives 0 where the divisor is 0. */
function ratio(r: tf.Tensor4D, sums: tf.Tensor4D): tf.Tensor4D {
  return tf.divNoNan<tf.Tensor4D>(r, sums);
}
