/** The transparent form of the LSTM decoder. */
import {tf} from '../../tensorflow/tensorflow';
import {Rules, type TransparentDecoder} from './rules';

export const transparentLstm: TransparentDecoder = (decoder, features, embeddings, options) => {
  const rules = new Rules(decoder, options);
  const {layers, units, imageInput} = decoder.options as {layers: number; units: number; imageInput: string};
  const image = rules.layer(rules.standardize(features), 'image') as tf.Tensor2D;
  const zeros = tf.zeros<tf.Rank.R2>([image.shape[0], units]);
  const state = Array.from({length: layers}, () => ({h: zeros, c: zeros}));
  const advance = (x: tf.Tensor2D): tf.Tensor2D => {
    let input = x;
    for (let at = 0; at < layers; at++) {
      const {h, c} = state[at]!;
      state[at] = rules.cell(input, h, c, at === 0 ? 'lstm' : `lstm.${at + 1}`);
      input = state[at]!.h;
    }
    return input;
  };
  if (imageInput === 'first') advance(image);
  const states = rules
    .steps(embeddings)
    .map((word) => advance(imageInput === 'first' ? word : tf.concat<tf.Tensor2D>([word, image], 1)));
  return {states: tf.stack(states, 1) as tf.Tensor3D};
};
