/** A decoder that looks at several views of each image at once; where it looked is said of the whole image, as if it had seen that alone. */
import {cellOverlap, type View} from '../encoders/augmentation';
import {tf} from '../tensorflow/tensorflow';
import type {StepDecoder} from './decoder';

/**
 * @param decoder That looks at a grid. It is taken over.
 * @param seen The views that the features are of, see `inViews`.
 * @returns It reads `[batch, views · cells, depth]`; its attention is `[batch, cells]`.
 */
export function multiViewDecoder(decoder: StepDecoder, seen: readonly View[]): StepDecoder {
  const {kind, features: read, depth, vocabulary, options} = decoder;
  /** Where the cells of all views lie in the image, `[views · cells, cells]`. */
  let places: tf.Tensor2D | undefined;
  return {
    ...{kind, features: read, depth, vocabulary, options},
    begin: (features) => {
      const [batch, all] = features.shape as [number, number];
      const cells = all / seen.length;
      places ??= tf.tensor2d(seen.flatMap((view) => cellOverlap(view, Math.sqrt(cells))));
      const byView = tf.reshape(features, [batch, seen.length, cells, depth]);
      const state = decoder.begin(byView);
      byView.dispose();
      return state;
    },
    step: (tokens, state) => {
      const {attention, ...next} = decoder.step(tokens, state);
      if (attention === undefined) return next;
      const looked = tf.matMul<tf.Tensor2D>(attention, places!);
      attention.dispose();
      return {...next, attention: looked};
    },
    dispose: () => {
      places?.dispose();
      decoder.dispose();
    },
  };
}
