/**
 * Attention rollout through a transformer: attention is followed through all layers, from a word to the cells and the words before. Half
 * of every layer passes by its residual connection.
 */
import {CaptionerError} from '../../errors';
import {runTransparent} from '../../decoders/transparent/forms';
import {tf} from '../../tensorflow/tensorflow';
import type {CaptionModel} from '../caption-model';
import {noOptions, wordInfluence, wordMaps, type Attribution, type Method, type NoOptions} from '../method';
import {singleDecoder} from '../single-decoder';
import {joinViewMaps} from '../view-maps';

export const attentionRollout: Method<NoOptions> = {
  name: 'attention-rollout',
  title: 'Attention rollout',
  about: 'Attention followed through all layers of a transformer, to the cells and to the words before.',
  source: 'Abnar and Zuidema 2020, arXiv 2005.00928',
  complete: false,
  features: 'cells',
  options: noOptions('attention-rollout'),
  passes: () => 1,
  *compute(model): Generator<void, Attribution, void> {
    if (model.decoder.kind !== 'transformer')
      throw new CaptionerError(
        'options',
        `attention-rollout: expected a transformer, got ${model.decoder.kind}; use another method, such as attention`,
      );
    yield;
    const {cells, words} = rollout(model);
    const [, steps, count] = [...cells.shape] as [number, number, number];
    const {views} = model.parts;
    const [ofCells, ofWords] = [cells.dataSync<'float32'>(), words.dataSync<'float32'>()];
    tf.dispose([cells, words]);
    const perView = count / views.length;
    const maps = model.positions.map((position) => {
      const own = ofCells.slice(position * count, (position + 1) * count) as Float32Array;
      return joinViewMaps(
        views.map((_, view) => own.slice(view * perView, (view + 1) * perView)),
        views,
      );
    });
    const rows = model.positions.map((position) => ofWords.slice(position * steps, (position + 1) * steps));
    const side = Math.sqrt(perView);
    return {image: wordMaps(maps, side, side), previousWords: wordInfluence(rows, model.positions)};
  },
};

/** For each step, how much it draws on cells, `[1, steps, cells]`, and on words, `[1, steps, steps]`. The caller disposes both. */
function rollout(model: CaptionModel): {cells: tf.Tensor3D; words: tf.Tensor3D} {
  const {decoder, byView} = singleDecoder(model.decoder, 'attention-rollout');
  const compute = (features: tf.Tensor, embeddings: tf.Tensor3D) =>
    tf.tidy((): {cells: tf.Tensor3D; words: tf.Tensor3D} => {
      const {layers} = runTransparent(decoder, byView(features), embeddings);
      const meanOfHeads = (x: tf.Tensor4D): tf.Tensor3D => tf.mean(x, 1);
      const withResidual = (x: tf.Tensor3D): tf.Tensor3D => tf.div(tf.add(x, tf.eye(x.shape[1])), 2);
      // Cells attend within their view.
      const byCell = layers!.cells.map((x) => withResidual(meanOfHeads(x)));
      const steps = embeddings.shape[1];
      let words = tf.expandDims<tf.Tensor3D>(tf.eye(steps));
      let cells: tf.Tensor3D | undefined;
      for (const [at, own] of layers!.words.entries()) {
        const self = withResidual(meanOfHeads(own));
        words = tf.matMul(self, words);
        if (cells) cells = tf.matMul<tf.Tensor3D>(self, cells);
        const look = throughCells(meanOfHeads(layers!.look[at]!), byCell);
        cells = tf.div<tf.Tensor3D>(cells ? tf.add<tf.Tensor3D>(cells, look) : look, 2);
        words = tf.div(words, 2);
      }
      return {cells: cells!, words};
    });
  const pass = model.pass(model.pixels);
  try {
    return model.compiled('attention rollout', compute)(pass.features, pass.embeddings);
  } finally {
    pass.dispose();
  }
}

/** Follows attention to encoded cells back to the cells themselves. @param byCell Of each layer, `[views, cells, cells]`. */
function throughCells(look: tf.Tensor3D, byCell: readonly tf.Tensor3D[]): tf.Tensor3D {
  if (byCell.length === 0) return look;
  const [views, cells] = byCell[0]!.shape;
  const [, steps, all] = look.shape;
  let parts = tf.transpose(tf.reshape<tf.Rank.R3>(look, [steps, views, cells]), [1, 0, 2]); // [views, steps, cells]
  for (const layer of [...byCell].reverse()) parts = tf.matMul(parts, layer);
  return tf.reshape(tf.transpose(parts, [1, 0, 2]), [1, steps, all]);
}
