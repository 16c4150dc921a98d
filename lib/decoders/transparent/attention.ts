/** The transparent form of the soft attention decoder. */
import {tf} from '../../tensorflow/tensorflow';
import {Rules, type TransparentDecoder} from './rules';

export const transparentAttention: TransparentDecoder = (decoder, features, embeddings, options) => {
  const rules = new Rules(decoder, options);
  const cells = rules.grid(features); // [batch, cells, units]
  const [batch, count, units] = cells.shape;
  const keys = rules.linear(cells, rules.weight('attention.image'), rules.bias('attention.bias'));
  const both = rules.activate(rules.layer(tf.mean(cells, 1), 'begin'), tf.tanh);
  let [h, c] = tf.split(both, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const maps: tf.Tensor[] = [];
  const states = rules.steps(embeddings).map((word, step) => {
    const query = tf.expandDims(rules.linear(h, rules.weight('attention.state')), 1);
    const energies = rules.linear(tf.tanh(tf.add(keys, query)), rules.weight('attention.score'));
    const weights = tf.softmax(tf.reshape(energies, [batch, count]));
    const alpha = rules.probed(weights, (probe) =>
      tf.reshape(tf.slice(probe, [0, step, 0], [batch, 1, count]), [batch, count]),
    );
    maps.push(alpha);
    const context = tf.reshape(tf.matMul(tf.expandDims(alpha, 1), cells), [batch, units]);
    const gate = rules.factor(tf.sigmoid(rules.layer(h, 'gate')));
    const view: tf.Tensor2D = tf.mul(context, gate);
    ({h, c} = rules.cell(tf.concat([word, view], 1), h, c, 'lstm'));
    const output = (x: tf.Tensor, name: string): tf.Tensor => rules.linear(x, rules.weight(`output.${name}`));
    return tf.add(word, tf.add(output(h, 'state'), output(view, 'view')));
  });
  return {states: tf.stack(states, 1) as tf.Tensor3D, attention: tf.stack(maps, 1)};
};
