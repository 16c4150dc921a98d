/** The transparent form of the adaptive attention decoder. */
import {tf} from '../../tensorflow/tensorflow';
import {Rules, type TransparentDecoder} from './rules';

export const transparentAdaptive: TransparentDecoder = (decoder, features, embeddings, options) => {
  const rules = new Rules(decoder, options);
  const cells = rules.grid(features); // [batch, cells, units]
  const [batch, count, units] = cells.shape;
  const views = features.rank === 4 ? features.shape[1]! : 1;
  const keys = rules.linear(cells, rules.weight('attention.image'), rules.bias('attention.bias'));
  const whole = rules.activate(rules.layer(tf.mean(cells, 1), 'whole'), tf.relu) as tf.Tensor2D;
  let h = tf.zeros<tf.Rank.R2>([batch, units]);
  let c = h;
  const maps: tf.Tensor[] = [];
  const states = rules.steps(embeddings).map((word, step) => {
    const x = tf.concat([word, whole], 1);
    const before = h;
    ({h, c} = rules.cell(x, h, c, 'lstm'));
    const gate = tf.sigmoid(rules.linear(tf.concat([x, before], 1), rules.weight('sentinel.weight')));
    const sentinel: tf.Tensor = tf.mul(rules.factor(gate), rules.activate(c, tf.tanh));
    const query = rules.linear(h, rules.weight('attention.state'));
    const score = (compared: tf.Tensor): tf.Tensor =>
      tf.reshape(rules.linear(tf.tanh(compared), rules.weight('attention.score')), [batch, -1]);
    const key = rules.linear(sentinel, rules.weight('attention.sentinel'), rules.bias('attention.bias'));
    // The sentinel counts once per view, as in the decoder.
    const ofSentinel = tf.add(score(tf.add(key, query)), Math.log(views));
    const energies = tf.concat([score(tf.add(keys, tf.expandDims(query, 1))), ofSentinel], 1);
    const [ofCells, beta] = tf.split(tf.softmax(energies), [count, 1], 1) as [tf.Tensor, tf.Tensor];
    const alpha = rules.probed(ofCells, (probe) =>
      tf.reshape(tf.slice(probe, [0, step, 0], [batch, 1, count]), [batch, count]),
    );
    maps.push(alpha);
    const context = tf.reshape(tf.matMul(tf.expandDims(alpha, 1), cells), [batch, units]);
    return tf.add(tf.add(context, tf.mul(sentinel, rules.factor(beta))), h);
  });
  return {states: tf.stack(states, 1) as tf.Tensor3D, attention: tf.stack(maps, 1)};
};
