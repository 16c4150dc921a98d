/** SmoothGrad and its variants: gradients of the image under noise, of which the mean, the mean square or the variance is taken. */
import {normal} from '../../ops/random';
import type {SmoothGradOptions} from '../../option-types';
import {tf} from '../../tensorflow/tensorflow';
import type {CaptionModel} from '../caption-model';
import {toAttribution, type WordGradients} from '../gradient-sums';
import type {Attribution, Method} from '../method';
import {smoothGradOptions} from '../method-options';

export type {SmoothGradOptions};

type Settings = Readonly<Required<SmoothGradOptions>>;
type Statistic = (mean: number, meanSquare: number) => number;

export const smoothGrad: Method<Settings> = variant('smoothgrad', (mean) => mean, {
  title: 'SmoothGrad',
  about: 'The mean gradient of the image under noise, which is smoother than that of the image itself.',
  source: 'Smilkov et al. 2017, arXiv 1706.03825',
});

export const smoothGradSquared: Method<Settings> = variant('smoothgrad-sq', (_, square) => square, {
  title: 'SmoothGrad, squared',
  about: 'The mean square of the gradients of the image under noise.',
  source: 'Hooker et al. 2019, arXiv 1806.10758',
});

export const varGrad: Method<Settings> = variant('vargrad', (mean, square) => square - mean * mean, {
  title: 'VarGrad',
  about: 'The variance of the gradients of the image under noise.',
  source: 'Adebayo et al. 2018, arXiv 1810.03292',
});

function variant(
  name: string,
  statistic: Statistic,
  described: Pick<Method, 'title' | 'about' | 'source'>,
): Method<Settings> {
  return {
    name,
    ...described,
    complete: false,
    features: 'pixels',
    options: {...smoothGradOptions, owner: `${name} method`},
    passes: (words, {samples}) => samples * (1 + words),
    *compute(model, settings): Generator<void, Attribution, void> {
      const {samples, noise, seed} = settings;
      const draw = (sample: number): tf.Tensor4D =>
        tf.tidy(() => tf.mul(normal([1, model.size, model.size, 3], [seed, sample]), noise * 255));
      return toAttribution(yield* noisyGradients(model, samples, draw, statistic), model);
    },
  };
}

/**
 * Computes a statistic of each gradient over noisy images.
 *
 * @param draw Returns the noise of a sample, `[1, size, size, 3]`, which this function disposes.
 * @param statistic Is given the mean and the mean square of a number over the samples.
 */
export function* noisyGradients(
  model: CaptionModel,
  samples: number,
  draw: (sample: number) => tf.Tensor4D,
  statistic: Statistic,
): Generator<void, WordGradients, void> {
  const {size, words} = model;
  const lengths = {pixels: size * size * 3, embeddings: model.embeddings.size};
  const zeros = (length: number): Float64Array[] =>
    Array.from({length: words}, () => new Float64Array(length));
  const means = {pixels: zeros(lengths.pixels), embeddings: zeros(lengths.embeddings)};
  const squares = {pixels: zeros(lengths.pixels), embeddings: zeros(lengths.embeddings)};
  for (const [from, count] of model.batches(samples)) {
    const images = tf.tidy(() =>
      tf.concat(Array.from({length: count}, (_, at) => tf.add(model.pixels, draw(from + at)))),
    );
    const pass = model.pass(images as tf.Tensor4D);
    try {
      for (let word = 0; word < words; word++) {
        yield;
        const found = pass.gradient(word);
        for (const kind of ['pixels', 'embeddings'] as const) {
          const values = found[kind].dataSync<'float32'>();
          const [mean, square, length] = [means[kind][word]!, squares[kind][word]!, lengths[kind]];
          for (let at = 0; at < values.length; at++) {
            mean[at % length]! += values[at]! / samples;
            square[at % length]! += values[at]! ** 2 / samples;
          }
        }
        tf.dispose([found.pixels, found.embeddings]);
      }
    } finally {
      pass.dispose();
      images.dispose();
    }
  }
  const read = (kind: 'pixels' | 'embeddings'): Float32Array[] =>
    means[kind].map((mean, word) =>
      Float32Array.from(mean, (one, at) => statistic(one, squares[kind][word]![at]!)),
    );
  return {pixels: read('pixels'), embeddings: read('embeddings')};
}
