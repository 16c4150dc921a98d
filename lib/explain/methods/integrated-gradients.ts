/**
 * Integrated gradients: the gradients along the straight path from a baseline to the image, averaged and multiplied by the difference.
 * They sum to the change of the score. The words before a word come in along the same path, from embeddings of zeros.
 */
import type {IntegratedGradientsOptions} from '../../option-types';
import {tf} from '../../tensorflow/tensorflow';
import {baselineOf} from '../baselines';
import type {CaptionModel} from '../caption-model';
import {gaussLegendre} from '../gauss-legendre';
import {addTo, multiply, readGradients, toAttribution, totals, type WordGradients} from '../gradient-sums';
import type {Attribution, Method} from '../method';
import {integratedGradientsOptions} from '../method-options';

export type {IntegratedGradientsOptions};

type Settings = Readonly<Required<IntegratedGradientsOptions>>;

export const integratedGradients: Method<Settings> = {
  name: 'integrated-gradients',
  title: 'Integrated gradients',
  about:
    'The gradients on the way from an image without information to this one; they sum to the change of the score.',
  source: 'Sundararajan et al. 2017, arXiv 1703.01365',
  complete: true,
  features: 'pixels',
  options: integratedGradientsOptions,
  passes: (words, {steps, baselines}) => (steps * (1 + words) + 2) * baselines.length,
  compute,
};

function* compute(model: CaptionModel, settings: Settings): Generator<void, Attribution, void> {
  const sums: WordGradients = {pixels: [], embeddings: []};
  const changes = new Float64Array(model.words);
  const count = settings.baselines.length;
  for (const name of settings.baselines) {
    const baseline = baselineOf(name, model.pixels);
    const words = settings.previousWords === 'zero' ? model.withoutWords() : tf.clone(model.embeddings);
    try {
      const found = yield* alongPath(model, baseline, words, settings.steps);
      for (const kind of ['pixels', 'embeddings'] as const)
        for (const [word, values] of found[kind].entries())
          addTo(
            sums[kind],
            word,
            values.map((one) => one / count),
          );
      const [start] = [model.scoresAtOnce(baseline, words)];
      const end = model.scoresAtOnce(model.pixels);
      for (let word = 0; word < model.words; word++) changes[word]! += (end[word]! - start[word]!) / count;
    } finally {
      tf.dispose([baseline, words]);
    }
  }
  const {previousWords, ...found} = toAttribution(sums, model);
  const all = {...found, ...(settings.previousWords === 'zero' && previousWords && {previousWords})};
  return {...all, delta: Float32Array.from(totals(all), (total, word) => total - changes[word]!)};
}

/** Integrates from one baseline and multiplies by the difference. */
function* alongPath(
  model: CaptionModel,
  baseline: tf.Tensor4D,
  words: tf.Tensor3D,
  steps: number,
): Generator<void, WordGradients, void> {
  const {points, weights} = gaussLegendre(steps);
  const found: WordGradients = {pixels: [], embeddings: []};
  const between = <T extends tf.Tensor>(start: T, end: T, from: number, count: number): T =>
    tf.tidy(() => {
      const alphas = tf.reshape(tf.tensor1d(points.slice(from, from + count)), [
        count,
        ...start.shape.slice(1).fill(1),
      ]);
      return tf.add(start, tf.mul(tf.sub(end, start), alphas));
    });
  for (const [from, count] of model.batches(steps)) {
    const [images, embeddings] = [
      between(baseline, model.pixels, from, count),
      between(words, model.embeddings, from, count),
    ];
    const pass = model.pass(images, embeddings);
    try {
      for (let word = 0; word < model.words; word++) {
        yield;
        const sum = weights.slice(from, from + count);
        const gradients = readGradients(pass.gradient(word, {sum}));
        for (const kind of ['pixels', 'embeddings'] as const) addTo(found[kind], word, gradients[kind]);
      }
    } finally {
      pass.dispose();
      tf.dispose([images, embeddings]);
    }
  }
  const differences = tf.tidy(() => [tf.sub(model.pixels, baseline), tf.sub(model.embeddings, words)]);
  const [ofPixels, ofEmbeddings] = differences.map((one) => one.dataSync<'float32'>());
  tf.dispose(differences);
  for (const one of found.pixels) multiply(one, ofPixels!);
  for (const one of found.embeddings) multiply(one, ofEmbeddings!);
  return found;
}
