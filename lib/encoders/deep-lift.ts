/**
 * The rescale rule of DeepLift (Shrikumar et al. 2017, arXiv 1704.02685, section 3.5.1) as a rule for the backward pass: it passes
 * multipliers, by which differences of inputs become differences of outputs.
 */
import {fusedConvolution} from '../ops/convolution';
import {tf} from '../tensorflow/tensorflow';
import {gradientRule, inputGradient, maximumGradient, type LayerRule, type RecordedNetwork} from './backward';
import {isConvolution, isJoin} from './layers';

/** Smaller differences have the gradient for a multiplier, as in Captum. */
const smallest = 1e-10;

/**
 * The rule that passes multipliers.
 *
 * @param network With the outputs of all layers and the input, for two images: the one that is explained, and the baseline.
 */
export function rescaleRule(network: RecordedNetwork): LayerRule {
  const {outputs, weights} = network;
  const halves = (x: tf.Tensor4D): [tf.Tensor4D, tf.Tensor4D] =>
    tf.split(x, 2, 0) as [tf.Tensor4D, tf.Tensor4D];
  const first = Object.fromEntries(Object.entries(outputs).map(([name, x]) => [name, halves(x)[0]]));
  const gradients = gradientRule({...network, outputs: first});
  return (layer, m) => {
    if (isConvolution(layer) && layer.activation !== 'linear') {
      const {name, kind, from, stride, padding} = layer;
      const filter = weights.get(`${name}.weight`) as tf.Tensor4D;
      const options = {depthwise: kind === 'depthwise', stride, padding, activation: 'linear'} as const;
      const z = fusedConvolution(outputs[from]!, filter, weights.get(`${name}.bias`)!, options);
      const ratio = ratioOf(outputs[name]!, z, layer.activation === 'relu' ? Infinity : 6);
      return [inputGradient(layer, tf.mul(m, ratio), network)];
    }
    if (isConvolution(layer) || isJoin(layer) || layer.kind === 'average') return gradients(layer, m);
    const [[x, x0], [y, y0]] = [halves(outputs[layer.from]!), halves(outputs[layer.name]!)];
    const larger = tf.maximum(y, y0);
    const change = tf.add(
      maximumGradient(layer, tf.mul(m, tf.sub(larger, y0)), x, y),
      maximumGradient(layer, tf.mul(m, tf.sub(y, larger)), x0, y0),
    );
    const difference = tf.sub(x, x0);
    const usual = tf.greaterEqual(tf.abs(difference), smallest);
    const safe = tf.where(usual, difference, tf.onesLike(difference));
    return [tf.where(usual, tf.div<tf.Tensor4D>(change, safe as tf.Tensor4D), gradients(layer, m)[0]!)];
  };

  /** Change of an activation by change of its sum. @param limit Sums above it are clipped. */
  function ratioOf(y: tf.Tensor4D, z: tf.Tensor4D, limit: number): tf.Tensor4D {
    const [[y1, y0], [z1, z0]] = [halves(y), halves(z)];
    const difference = tf.sub(z1, z0);
    const usual = tf.greaterEqual(tf.abs(difference), smallest);
    const safe = tf.where(usual, difference, tf.onesLike(difference));
    const open = tf.cast(tf.logicalAnd(tf.greater(z1, 0), tf.less(z1, limit)), 'float32');
    return tf.where(usual, tf.div(tf.sub(y1, y0), safe), open) as tf.Tensor4D;
  }
}
