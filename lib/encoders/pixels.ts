/** Pixels in the place of features: so pictures are decoded once, for an encoder that sees them in every epoch. */
import {tf} from '../runtime/native';
import type {Encoder, Preprocessing} from './encoder';

/** @param preprocessing Of the encoder that will see them; half precision holds whole numbers up to 255 exactly. */
export function pixelEncoder(preprocessing: Preprocessing): Encoder {
  const cells = preprocessing.size ** 2;
  return {
    name: 'pixels',
    digest: '',
    preprocessing,
    cells,
    depth: 3,
    classes: 0,
    encode: (pixels) =>
      tf.tidy(() => {
        const grid = tf.reshape<tf.Rank.R3>(tf.cast(pixels, 'float32'), [pixels.shape[0], cells, 3]);
        const pooled = tf.mean<tf.Tensor2D>(grid, 1);
        return {grid, pooled} satisfies Record<string, tf.Tensor>;
      }),
    classify: () => tf.zeros([0, 0]),
    dispose: () => undefined,
  };
}
