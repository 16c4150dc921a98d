/**
 * DeepLift with the rescale rule: multipliers carry the change of the score, from a baseline to the image, back to the pixels. The decoder
 * multiplies gates and attention, for which the rule is not defined; there the gradient is averaged between baseline and image, which for a
 * function of one number is the rescale rule itself.
 */
import {rescaleRule} from '../../encoders/deep-lift';
import {pixelGradient} from '../../encoders/encoder-gradient';
import type {Outputs} from '../../encoders/backward';
import {inputLayer} from '../../encoders/layers';
import type {DeepLiftOptions} from '../../option-types';
import {tf} from '../../tensorflow/tensorflow';
import {baselineOf} from '../baselines';
import type {CaptionModel} from '../caption-model';
import {gaussLegendre} from '../gauss-legendre';
import {multiply, readGradients, toAttribution, totals, type WordGradients} from '../gradient-sums';
import type {Attribution, Method} from '../method';
import {deepLiftOptions} from '../method-options';
import type {Pass} from '../pass';
import {scoreGradients, type ScoredWords, type ScoreGradients} from '../word-scores';

export type {DeepLiftOptions};

type Settings = Readonly<Required<DeepLiftOptions>>;

/** Points between baseline and image at which the decoder's gradient is computed. */
const points = 64;

export const deepLift: Method<Settings> = {
  name: 'deep-lift',
  title: 'DeepLift',
  about:
    'How the change of the score, from an image without information to this one, goes back to the pixels, layer by layer.',
  source: 'Shrikumar et al. 2017, arXiv 1704.02685',
  complete: true,
  features: 'pixels',
  options: deepLiftOptions,
  passes: (words) => 4 + words,
  compute,
};

function* compute(model: CaptionModel, settings: Settings): Generator<void, Attribution, void> {
  const {cnn} = model.parts;
  const baseline = baselineOf(settings.baseline, model.pixels);
  const noWords = model.withoutWords();
  const [both, words] = [tf.concat([model.pixels, baseline]), tf.concat([model.embeddings, noWords])];
  const pass = model.pass(both, words, [inputLayer.name, ...cnn.layers.map(({name}) => name)]);
  const found: WordGradients = {pixels: [], embeddings: []};
  try {
    yield;
    const multipliers = decoderMultipliers(model, pass, settings.decoder);
    const back = model.compiled('deep lift', (outputs: readonly Outputs[], m: tf.Tensor) =>
      pixelGradient(model.parts, model.decoder.features, outputs, m, rescaleRule),
    );
    for (const {features, embeddings} of multipliers) {
      yield;
      model.backwardPasses++;
      const values = readGradients({pixels: back(pass.outputs, features), embeddings});
      features.dispose();
      found.pixels.push(values.pixels);
      found.embeddings.push(values.embeddings);
    }
    const differences = [tf.sub(model.pixels, baseline), tf.sub(model.embeddings, noWords)];
    const [ofPixels, ofWords] = differences.map((one) => one.dataSync());
    tf.dispose(differences);
    for (const one of found.pixels) multiply(one, ofPixels!);
    for (const one of found.embeddings) multiply(one, ofWords!);
    const scores = pass.scores();
    const values = scores.dataSync();
    scores.dispose();
    const all = toAttribution(found, model);
    const change = (word: number): number => values[word]! - values[model.words + word]!;
    return {...all, delta: Float32Array.from(totals(all), (total, word) => total - change(word))};
  } finally {
    pass.dispose();
    tf.dispose([baseline, noWords, both, words]);
  }
}

/** The multipliers of features and embeddings for each word, of one row each. The caller disposes them. */
function decoderMultipliers(model: CaptionModel, pass: Pass, kind: Settings['decoder']): ScoreGradients[] {
  const {decoder} = model;
  const {points: alphas, weights} = kind === 'average' ? gaussLegendre(points) : {points: [1], weights: [1]};
  const compute = (
    features: tf.Tensor,
    embeddings: tf.Tensor3D,
    scored: ScoredWords,
    alphas: tf.Tensor1D,
    weights: tf.Tensor1D,
  ) =>
    tf.tidy(() => {
      const between = <T extends tf.Tensor>(x: T): T => {
        const [end, start] = tf.split(x, 2, 0) as [T, T];
        const along = tf.reshape(alphas, [alphas.size, ...x.shape.slice(1).fill(1)]);
        return tf.add(start, tf.mul(tf.sub(end, start), along));
      };
      const mean = <T extends tf.Tensor>(x: T): T => {
        const flat = tf.reshape<tf.Rank.R2>(x, [alphas.size, -1]);
        return tf.reshape(tf.matMul(tf.reshape(weights, [1, alphas.size]), flat), [
          1,
          ...x.shape.slice(1),
        ]) as T;
      };
      const each = scoreGradients(decoder, between(features), between(embeddings), scored);
      return each.map((one) => ({features: mean(one.features), embeddings: mean(one.embeddings)}));
    });
  const [alphaTensor, weightTensor] = [tf.tensor1d([...alphas]), tf.tensor1d([...weights])];
  try {
    const call = model.compiled('decoder multipliers', compute);
    return call(pass.features, pass.embeddings, pass.scored, alphaTensor, weightTensor);
  } finally {
    tf.dispose([alphaTensor, weightTensor]);
  }
}
