/** The decoder of a captioner in its transparent form, where it has one. */
import {CaptionerError} from '../errors';
import {isMultiViewDecoder} from '../decoders/multi-view-decoder';
import type {Decoder, StepDecoder} from '../decoders/decoder';
import {isTransparent} from '../decoders/transparent/forms';
import {tf} from '../tensorflow/tensorflow';

/** A single decoder, and how it reads what the captioner's reads. */
export interface SingleDecoder {
  readonly decoder: Decoder;
  /** Shapes features as it reads them; those of several views by view. */
  readonly byView: (features: tf.Tensor) => tf.Tensor;
}

/**
 * Returns the decoder that methods look into.
 *
 * @param method Name of the method, for the message.
 * @throws CaptionerError `options` for an ensemble.
 */
export function singleDecoder(decoder: StepDecoder, method: string): SingleDecoder {
  if (isMultiViewDecoder(decoder)) {
    const views = decoder.views.length;
    const byView = (features: tf.Tensor): tf.Tensor => {
      const [batch, all, depth] = features.shape as [number, number, number];
      return tf.reshape(features, [batch, views, all / views, depth]);
    };
    return {decoder: singleDecoder(decoder.decoder, method).decoder, byView};
  }
  if (isTransparent(decoder)) return {decoder, byView: (features) => features};
  throw new CaptionerError(
    'options',
    `${method}: expected a single decoder, got ${decoder.kind === 'ensemble' ? 'an ensemble' : `"${decoder.kind}"`}; load one checkpoint, or use another method, such as integrated-gradients`,
  );
}
