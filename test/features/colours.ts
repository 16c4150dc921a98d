/** A small but complete encoder: the mean colour of each cell. And images to give it. */
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Encoder, tf} from 'captioner';
import sharp from 'sharp';

export interface ColourEncoder extends Encoder {
  /** Images encoded so far. */
  readonly encoded: number;
}

/** Cells of 4 × 4 pixels in an image of 8 × 8; features are red, green and blue between 0 and 1. */
export function colourEncoder(digest = 'a'.repeat(64), delay = 0): ColourEncoder {
  let encoded = 0;
  return {
    name: 'cell-colours',
    digest,
    classes: 0,
    preprocessing: {
      size: 8,
      fit: 'stretch',
      interpolation: 'linear',
      mean: [0, 0, 0],
      std: [255, 255, 255],
    },
    cells: 4,
    depth: 3,
    get encoded() {
      return encoded;
    },
    encode(pixels) {
      encoded += pixels.shape[0];
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delay); // blocks the thread, as a network does
      return tf.tidy(() => {
        const colours = tf.div(tf.avgPool(tf.cast(pixels, 'float32'), 4, 4, 'valid'), 255);
        const grid = tf.reshape<tf.Rank.R3>(colours, [pixels.shape[0], 4, 3]);
        return {grid, pooled: tf.mean<tf.Tensor2D>(grid, 1)};
      });
    },
    classify: () => tf.zeros([1, 1000]),
    dispose: () => undefined,
  };
}

/** Each image has a colour of its own. */
export async function drawImages(folder: string, count: number): Promise<{id: string; file: string}[]> {
  return Promise.all(
    Array.from({length: count}, async (_, k) => {
      const id = `image-${k}.png`;
      const file = join(folder, id);
      writeFileSync(file, await plain(colourOf(k)).png().toBuffer());
      return {id, file};
    }),
  );
}

export const colourOf = (k: number): [number, number, number] => [
  (k * 37) % 256,
  (k * 91) % 256,
  (k * 53) % 256,
];

export function plain([r, g, b]: [number, number, number], width = 24, height = 16): sharp.Sharp {
  return sharp({create: {width, height, channels: 3, background: {r, g, b}}});
}

/** Noise does not compress, so that a file cut in half lacks half of the image. */
export function noise(width = 100, height = 100): sharp.Sharp {
  const pixels = Buffer.from(
    Array.from({length: width * height * 3}, (_, k) => Math.imul(k + 1, 0x9e3779b1) >>> 24),
  );
  return sharp(pixels, {raw: {width, height, channels: 3}});
}
