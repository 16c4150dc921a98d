/** Adapts an attending decoder to test-time augmentation: it attends to several views at once and maps the attention back to the image. */
import {inspect} from 'node:util';
import {setDescription} from '../description';
import {cellOverlap, type View} from '../encoders/augmentation';
import {disposeFunctions} from '../tensorflow/compiled';
import {tf} from '../tensorflow/tensorflow';
import type {StepDecoder} from './decoder';

/** A decoder that `multiViewDecoder` returned. */
export interface MultiViewDecoder extends StepDecoder {
  /** The decoder that attends to all views at once. */
  readonly decoder: StepDecoder;
  readonly views: readonly View[];
}

export function isMultiViewDecoder(decoder: StepDecoder): decoder is MultiViewDecoder {
  return 'views' in decoder;
}

/**
 * Wraps a decoder so that it reads the features of a `multiView` encoder.
 *
 * @param decoder A decoder that attends to a grid. The result disposes it.
 * @param views The views that the encoder was created with.
 * @returns A decoder of features `[batch, views · cells, depth]` with attention `[batch, cells]` over the cells of the whole image.
 */
export function multiViewDecoder(decoder: StepDecoder, views: readonly View[]): MultiViewDecoder {
  const {kind, features: featureKind, depth, vocabulary, embedding, options} = decoder;
  /** Overlap of the views' cells with the image's cells, `[views · cells, cells]`. */
  let overlap: tf.Tensor2D | undefined;
  const splitViews = (features: tf.Tensor): tf.Tensor4D => {
    const [batch, all] = features.shape as [number, number];
    return tf.reshape(features, [batch, views.length, all / views.length, depth]);
  };
  const adapted: MultiViewDecoder = {
    ...{kind, features: featureKind, depth, vocabulary, embedding, options, decoder, views},
    begin: (features, length) => {
      const byView = splitViews(features);
      const side = Math.sqrt(byView.shape[2]);
      overlap ??= tf.keep(tf.tensor2d(views.flatMap((view) => cellOverlap(view, side))));
      const state = decoder.begin(byView, length);
      byView.dispose();
      return state;
    },
    step: (tokens, state) => {
      const {attention, ...next} = decoder.step(tokens, state);
      if (attention === undefined) return next;
      const inImage = tf.matMul<tf.Tensor2D>(attention, overlap!);
      attention.dispose();
      return {...next, attention: inImage};
    },
    embed: (words) => decoder.embed(words),
    logProbabilities: (features, embeddings, tokens) =>
      tf.tidy(() => decoder.logProbabilities(splitViews(features), embeddings, tokens)),
    ...(decoder.lengthen && {lengthen: decoder.lengthen.bind(decoder)}),
    dispose: () => {
      disposeFunctions(adapted);
      overlap?.dispose();
      decoder.dispose();
    },
  };
  return setDescription(adapted, () => `${inspect(decoder)}\n  views     ${views.length} of each image`);
}
