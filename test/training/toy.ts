/**
 * A data set that can be learnt in seconds: squares of one colour on another, with captions of several lengths, real image
 * files and a real feature store, filled by an encoder that only looks at colours.
 */
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import sharp from 'sharp';
import {
  type CaptionedImage,
  createDecoder,
  type Dataset,
  type Decoder,
  type Encoder,
  FeatureStore,
  tf,
  Vocabulary,
} from 'captioner';

const colours = ['red', 'green', 'blue', 'white', 'black', 'yellow'];

export const toyEncoder: Encoder = {
  name: 'colours',
  preprocessing: {
    size: 16,
    fit: 'stretch',
    interpolation: 'linear',
    mean: [0, 0, 0],
    std: [255, 255, 255],
  },
  cells: 4,
  depth: 12,
  digest: '0123456789abcdef',
  classes: 0,
  encode: (pixels) =>
    tf.tidy(() => {
      const small = tf.image.resizeBilinear(tf.cast(pixels, 'float32'), [2, 2]).div(255);
      const flat = tf.reshape<tf.Rank.R2>(small, [pixels.shape[0], 12]);
      return {pooled: flat, grid: tf.tile(tf.expandDims<tf.Tensor3D>(flat, 1), [1, 4, 1])};
    }),
  classify: () => tf.zeros([1, 1000]),
  dispose: () => undefined,
};

/** Always the same; the files need not be there. */
export function toyDataset(folder: string): Dataset {
  const images: CaptionedImage[] = [];
  for (const back of colours)
    for (const front of colours) {
      if (back === front) continue;
      const at = images.length;
      images.push({
        id: `${front}-on-${back}.png`,
        file: join(folder, 'images', `${front}-on-${back}.png`),
        split: at % 5 === 3 ? 'validation' : at % 5 === 4 ? 'test' : 'train',
        captions: [
          `a ${front} square`,
          `a ${front} square on ${back}`,
          `there is a small ${front} square on a large ${back} one`,
        ],
      });
    }
  return {layout: 'toy', folder, images, rejected: [], missing: [], unassigned: [], unreferenced: []};
}

export interface Toy {
  readonly dataset: Dataset;
  readonly features: FeatureStore;
  readonly vocabulary: Vocabulary;
}

export async function makeToy(folder: string): Promise<Toy> {
  const dataset = toyDataset(folder);
  mkdirSync(join(folder, 'images'), {recursive: true});
  for (const {id, file} of dataset.images) {
    const [front, back] = id.replace('.png', '').split('-on-');
    const inner = await sharp({create: {width: 8, height: 8, channels: 3, background: front!}})
      .png()
      .toBuffer();
    await sharp({create: {width: 16, height: 16, channels: 3, background: back!}})
      .composite([{input: inner, left: 0, top: 0}])
      .png()
      .toFile(file);
  }
  await FeatureStore.build(toyEncoder, dataset.images, join(folder, 'features'));
  return openToy(folder);
}

export function openToy(folder: string): Toy {
  const dataset = toyDataset(folder);
  const vocabulary = Vocabulary.from(
    dataset.images.flatMap(({captions}) => captions),
    {minimumCount: 1},
  );
  return {dataset, features: FeatureStore.open(join(folder, 'features')), vocabulary};
}

export function toyDecoder({vocabulary, features}: Toy, options: object = {}): Decoder {
  return createDecoder('lstm', vocabulary.size, features.depth, {
    embedding: 12,
    units: 16,
    dropout: 0.3,
    ...options,
  });
}

/** 54 captions to learn from, so 7 steps an epoch. METEOR's tables would take longer to read than all else. */
export const toyOptions = {batch: 8, learningRate: 0.01, panelImages: 2, beams: 2, meteor: false} as const;
