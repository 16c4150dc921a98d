/** Attention times its gradient: where the decoder looked, as far as looking there made the word more likely. */
import {runTransparent} from '../../decoders/transparent/forms';
import {oneHotRows} from '../../ops/one-hot';
import type {AttentionXGradientOptions} from '../../option-types';
import {pullback} from '../../tensorflow/pullback';
import {tf} from '../../tensorflow/tensorflow';
import {logProbabilitiesOfStates} from '../../decoders/base-decoder';
import type {CaptionModel} from '../caption-model';
import {wordMaps, type Attribution, type Method} from '../method';
import {attentionXGradientOptions} from '../method-options';
import {singleDecoder} from '../single-decoder';
import {selectWords, type ScoredWords} from '../word-scores';
import {joinViewMaps} from '../view-maps';
import {checkAttends} from './attention';

export type {AttentionXGradientOptions};

type Settings = Readonly<Required<AttentionXGradientOptions>>;

export const attentionXGradient: Method<Settings> = {
  name: 'attention-x-gradient',
  title: 'Gradient-weighted attention',
  about:
    "The decoder's attention before the word, times how much more attention would have raised the score; mean of the heads.",
  source: 'Chefer et al. 2021, arXiv 2103.15679',
  complete: false,
  features: 'cells',
  options: attentionXGradientOptions,
  passes: (words) => 1 + words,
  *compute(model, {positive}): Generator<void, Attribution, void> {
    checkAttends(model, 'attention-x-gradient');
    yield;
    const values = weightedAttention(model);
    const [, cells] = values.shape;
    const [shown, views] = [
      tf.tidy(() => (positive ? tf.relu(values) : tf.clone(values))),
      model.parts.views,
    ];
    const all = shown.dataSync<'float32'>();
    tf.dispose([values, shown]);
    const side = Math.sqrt(cells / views.length);
    const maps = model.positions.map((_, word) => {
      const own = all.slice(word * cells, (word + 1) * cells) as Float32Array;
      return joinViewMaps(
        views.map((_, view) => own.slice((view * cells) / views.length, ((view + 1) * cells) / views.length)),
        views,
      );
    });
    return {image: wordMaps(maps, side, side)};
  },
};

/** Attention times gradient at each word's own step, `[words, views · cells]`. The caller disposes it. */
function weightedAttention(model: CaptionModel): tf.Tensor2D {
  const {decoder, byView} = singleDecoder(model.decoder, 'attention-x-gradient');
  const {words, positions} = model;
  const compute = (
    features: tf.Tensor,
    embeddings: tf.Tensor3D,
    scored: ScoredWords,
    positions: readonly number[],
  ) =>
    tf.tidy(() => {
      const seen = byView(features);
      const alpha = runTransparent(decoder, seen, embeddings).attention!;
      const scores = (probe: tf.Tensor): tf.Tensor => {
        const {states} = runTransparent(decoder, seen, embeddings, {probe});
        return selectWords(logProbabilitiesOfStates(decoder, states, scored.tokens), scored);
      };
      const each = Array.from({length: words}, (_, word) => oneHotRows(tf.tensor1d([word], 'int32'), words));
      const gradients = pullback(scores, [tf.zerosLike(alpha)], each);
      const rows = gradients.map(([gradient], word) => {
        const product = tf.mul<tf.Tensor>(alpha, gradient!);
        const mean = product.rank === 4 ? tf.mean(product, 1) : product; // [1, steps, cells]
        const [, , cells] = mean.shape as [number, number, number];
        return tf.reshape<tf.Rank.R2>(tf.slice(mean, [0, positions[word]!, 0], [1, 1, cells]), [1, cells]);
      });
      return tf.concat(rows);
    });
  const pass = model.pass(model.pixels);
  try {
    model.backwardPasses += words;
    return model.compiled('weighted attention', compute)(
      pass.features,
      pass.embeddings,
      pass.scored,
      positions,
    );
  } finally {
    pass.dispose();
  }
}
