/** A decoder that looks at several views of each picture at once; where it looked is said of the whole picture, as if it had seen that alone. */
import {placesOf, type View} from '../encoders/views';
import {tf} from '../runtime/native';
import type {WordByWord} from './decoder';

/**
 * @param decoder That looks at a grid. It is taken over.
 * @param seen The views that the features are of, see `inViews`.
 * @returns It reads `[batch, views · cells, depth]`; its attention is `[batch, cells]`.
 */
export function acrossViews(decoder: WordByWord, seen: readonly View[]): WordByWord {
  const {kind, features: read, depth, vocabulary, options} = decoder;
  /** Where the cells of all views lie in the picture, `[views · cells, cells]`. */
  let places: tf.Tensor2D | undefined;
  return {
    ...{kind, features: read, depth, vocabulary, options},
    begin: (features) => {
      const [batch, all] = features.shape as [number, number];
      const cells = all / seen.length;
      places ??= tf.tensor2d(seen.flatMap((view) => placesOf(view, Math.sqrt(cells))));
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
