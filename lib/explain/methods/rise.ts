/** RISE: the mean score of images in which a pixel is shown, less that of all, over random smooth masks. */
import type {RiseOptions} from '../../option-types';
import {SeededRandom} from '../../random/random';
import {tf} from '../../tensorflow/tensorflow';
import type {CaptionModel} from '../caption-model';
import {HiddenImage} from '../hidden';
import {wordMaps, type Attribution, type Method} from '../method';
import {riseOptions} from '../method-options';

export type {RiseOptions};

type Settings = Required<RiseOptions>;

export const rise: Method<Settings> = {
  name: 'rise',
  title: 'RISE',
  about: 'The mean score of images in which a pixel is shown, less that of all, over random smooth masks.',
  source: 'Petsiuk et al. 2018, arXiv 1806.07421',
  complete: false,
  features: 'pixels',
  perturbs: true,
  options: riseOptions,
  passes: (_, {samples}) => samples,
  compute,
};

function* compute(model: CaptionModel, settings: Settings): Generator<void, Attribution, void> {
  const {size, words} = model;
  const {samples, baseline} = settings;
  const image = new HiddenImage(model, baseline);
  // Sum over the masks of each pixel's mask value, and of its product with the score of each word.
  const shown = new Float64Array(size * size);
  const products = Array.from({length: words}, () => new Float64Array(size * size));
  try {
    const scores = yield* image.scores(
      samples,
      (from, count) => randomMasks(from, count, size, settings),
      (masks, scores) => {
        const rows = tf.reshape<tf.Rank.R2>(masks, [masks.shape[0], size * size]);
        const values = tf.tensor2d(scores, [masks.shape[0], words]);
        const [total, mixed] = [tf.sum(rows, 0), tf.matMul(values, rows, true)];
        const [sums, mixture] = [total.dataSync(), mixed.dataSync()];
        for (let at = 0; at < size * size; at++) shown[at]! += sums[at]!;
        for (const [word, own] of products.entries())
          for (let at = 0; at < size * size; at++) own[at]! += mixture[word * size * size + at]!;
        tf.dispose([rows, values, total, mixed]);
      },
    );
    const maps = products.map((own, word) => {
      let mean = 0;
      for (let row = 0; row < samples; row++) mean += scores[row * words + word]! / samples;
      return Float32Array.from(own, (product, at) => product / Math.max(shown[at]!, 1e-9) - mean);
    });
    return {image: wordMaps(maps, size, size)};
  } finally {
    image.dispose();
  }
}

/** Draws masks: a grid of random cells, enlarged bilinearly to one cell more than the image, and cropped at a random place. */
function randomMasks(from: number, count: number, size: number, settings: Settings): tf.Tensor4D {
  const {cells, probability, seed} = settings;
  const cell = Math.ceil(size / cells);
  const large = (cells + 1) * cell;
  const grid = new Float32Array(count * cells * cells);
  // Each mask has its own random numbers, so that the size of a batch changes nothing.
  const corners = Array.from({length: count}, (_, at) => {
    const random = new SeededRandom(seed, from + at);
    for (let k = 0; k < cells * cells; k++)
      grid[at * cells * cells + k] = Number(random.bernoulli(probability));
    return [random.next(), random.next()].map((place) => Math.floor(place * cell));
  });
  return tf.tidy(() => {
    const small = tf.tensor4d(grid, [count, cells, cells, 1]);
    const enlarged = tf.image.resizeBilinear(small, [large, large], false, true);
    const masks = corners.map(([top, left], at) =>
      tf.slice(enlarged, [at, top!, left!, 0], [1, size, size, 1]),
    );
    return tf.concat<tf.Tensor4D>(masks, 0);
  });
}
