/** The transparent forms of decoders by kind. */
import {tf} from '../../tensorflow/tensorflow';
import type {Decoder, StepDecoder} from '../decoder';
import {transparentAdaptive} from './adaptive';
import {transparentAttention} from './attention';
import {transparentLstm} from './lstm';
import type {Transparent, TransparentDecoder, TransparentOptions} from './rules';
import {transparentTransformer} from './transformer';

export type {Transparent, TransparentOptions};

const forms: Readonly<Record<string, TransparentDecoder>> = {
  lstm: transparentLstm,
  attention: transparentAttention,
  adaptive: transparentAdaptive,
  transformer: transparentTransformer,
};

/** Whether a decoder has a transparent form. */
export function isTransparent(decoder: StepDecoder): decoder is Decoder {
  return Object.hasOwn(forms, decoder.kind) && 'weights' in decoder;
}

/**
 * Runs a decoder's transparent form. Call it inside a `tf.tidy`.
 *
 * @param features As the decoder's `states` take them.
 * @param embeddings Embeddings of the words, `[batch, steps, embedding]`.
 */
export function runTransparent(
  decoder: Decoder,
  features: tf.Tensor,
  embeddings: tf.Tensor3D,
  options: TransparentOptions = {},
): Transparent {
  return forms[decoder.kind]!(decoder, features, embeddings, options);
}

/**
 * Computes logits of words from a transparent form's states.
 *
 * @param tokens For each step the words, int32 `[count, steps]`.
 * @returns The first word's logit, less that of the second if there is one, `[batch, steps]`.
 */
export function transparentLogits(
  decoder: Decoder,
  {states}: Transparent,
  tokens: tf.Tensor2D,
  biasFactor?: tf.Tensor,
): tf.Tensor2D {
  const {weight, bias} = decoder.output;
  const each = (tf.unstack(tokens) as tf.Tensor1D[]).map((row) => {
    const own = tf.gather(bias, row);
    const products = tf.sum(tf.mul(states, tf.expandDims(tf.gather(weight, row), 0)), 2);
    return tf.add(products, biasFactor ? tf.mul(own, biasFactor) : own);
  });
  return (each.length > 1 ? tf.sub(each[0]!, each[1]!) : each[0]!) as tf.Tensor2D;
}
