/** The transparent form of the transformer. */
import {tf} from '../../tensorflow/tensorflow';
import {causalMask, cellPositions, wordPositions} from '../transformer-layers';
import {Rules, type TransparentDecoder} from './rules';

export const transparentTransformer: TransparentDecoder = (decoder, features, embeddings, options) => {
  const rules = new Rules(decoder, options);
  const {heads, layers, encoderLayers, units} = decoder.options as Record<string, number>;
  const [cellCount, depth] = features.shape.slice(-2) as [number, number];
  const [batch, steps] = embeddings.shape;
  const found: Record<'cells' | 'words' | 'look', tf.Tensor4D[]> = {cells: [], words: [], look: []};

  const norm = (x: tf.Tensor, name: string): tf.Tensor => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const inverse = rules.factor(tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5)));
    return tf.add(
      tf.mul(tf.mul(centred, inverse), rules.weight(`${name}.weight`)),
      rules.bias(`${name}.bias`),
    );
  };
  const byHead = (x: tf.Tensor): tf.Tensor4D =>
    tf.transpose(tf.reshape(x, [x.shape[0], x.shape[1]!, heads!, units! / heads!]), [0, 2, 1, 3]);
  const weightsOf = (queries: tf.Tensor, keys: tf.Tensor, mask?: tf.Tensor): tf.Tensor4D => {
    const scores = tf.matMul(
      tf.mul(byHead(queries), 1 / Math.sqrt(units! / heads!)),
      byHead(keys),
      false,
      true,
    );
    return tf.softmax(mask ? tf.add(scores, mask) : scores) as tf.Tensor4D;
  };
  const contextOf = (weights: tf.Tensor4D, values: tf.Tensor): tf.Tensor => {
    const context = tf.transpose(tf.matMul(weights, byHead(values)), [0, 2, 1, 3]);
    return tf.reshape(context, [context.shape[0], context.shape[1]!, units!]);
  };
  const selfAttention = (x: tf.Tensor, name: string, into: tf.Tensor4D[], mask?: tf.Tensor): tf.Tensor => {
    const [queries, keys, values] = tf.split(rules.layer(norm(x, `${name}.norm`), `${name}.input`), 3, 2);
    const weights = rules.factor(weightsOf(queries!, keys!, mask));
    into.push(weights);
    return tf.add(x, rules.layer(contextOf(weights, values!), `${name}.output`));
  };
  const feedForward = (x: tf.Tensor, name: string): tf.Tensor => {
    const hidden = rules.activate(rules.layer(norm(x, `${name}.norm`), `${name}.1`), tf.relu);
    return tf.add(x, rules.layer(hidden, `${name}.2`));
  };

  const rows = features.size / (cellCount * depth); // each view by itself
  const flat = tf.reshape(rules.standardize(features), [rows, cellCount, depth]);
  let x = tf.add(rules.layer(flat, 'image'), rules.scaled(cellPositions(cellCount, units!)));
  for (let k = 1; k <= encoderLayers!; k++)
    x = feedForward(selfAttention(x, `cells.${k}.self`, found.cells), `cells.${k}.feed`);
  const memory = tf.reshape(norm(x, 'cells.norm'), [batch, -1, units!]);

  const mask = causalMask(steps);
  let y: tf.Tensor = tf.add(
    tf.mul(embeddings, Math.sqrt(units!)),
    rules.scaled(wordPositions(0, steps, units!)),
  );
  for (let k = 1; k <= layers!; k++) {
    y = selfAttention(y, `words.${k}.self`, found.words, mask);
    const query = rules.layer(norm(y, `words.${k}.look.norm`), `words.${k}.look.query`);
    const [keys, values] = tf.split(rules.layer(memory, `words.${k}.look.memory`), 2, 2);
    const own = weightsOf(query, keys!);
    const weights = k === layers ? rules.probed(own) : rules.factor(own);
    found.look.push(weights);
    y = tf.add(y, rules.layer(contextOf(weights, values!), `words.${k}.look.output`));
    y = feedForward(y, `words.${k}.feed`);
  }
  return {states: norm(y, 'words.norm') as tf.Tensor3D, attention: found.look.at(-1)!, layers: found};
};
