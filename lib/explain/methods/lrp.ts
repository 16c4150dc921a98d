/**
 * Layer-wise relevance propagation: the logit of a word is handed back, layer by layer, to the pixels and the words before, in proportion to
 * what each contributed. In the decoder gates, attention and scales are held constant and get none; in the encoder biases get none. Like
 * guided backpropagation, it fails the sanity check: within the image its maps depend more on the first layers than on the word (Sixt et al.
 * 2020, arXiv 1912.09818).
 */
import {inputLayer} from '../../encoders/layers';
import {relevancePixels} from '../../encoders/encoder-gradient';
import type {Outputs} from '../../encoders/backward';
import {runTransparent, transparentLogits} from '../../decoders/transparent/forms';
import {oneHotRows} from '../../ops/one-hot';
import {pullback} from '../../tensorflow/pullback';
import {tf} from '../../tensorflow/tensorflow';
import type {CaptionModel} from '../caption-model';
import {readGradients, sumGroups, toAttribution, totals, type WordGradients} from '../gradient-sums';
import {noOptions, type Attribution, type Method, type NoOptions} from '../method';
import type {Pass} from '../pass';
import {singleDecoder} from '../single-decoder';
import type {ScoredWords} from '../word-scores';

export const lrp: Method<NoOptions> = {
  name: 'lrp',
  title: 'Layer-wise relevance propagation',
  about: 'The logit of the word, handed back layer by layer to the pixels and words that it came from.',
  source: 'Sun et al. 2022, arXiv 2001.01037; Bach et al. 2015, doi 10.1371/journal.pone.0130140',
  complete: true,
  features: 'pixels',
  options: noOptions('lrp'),
  passes: (words) => 1 + words,
  compute,
};

function* compute(model: CaptionModel): Generator<void, Attribution, void> {
  const {parts, decoder} = model;
  const layers = [inputLayer.name, ...parts.cnn.layers.map(({name}) => name)];
  const pass = model.pass(model.pixels, model.embeddings, layers);
  const found: WordGradients = {pixels: [], embeddings: []};
  const unattributed: number[] = [];
  try {
    yield;
    const relevances = decoderRelevance(model, pass);
    const back = model.compiled(
      'relevance',
      (outputs: readonly Outputs[], pixels: tf.Tensor4D, r: tf.Tensor) =>
        relevancePixels(parts, decoder.features, outputs, pixels, r),
    );
    const [, steps, size] = model.embeddings.shape;
    for (const {features, embeddings, rest} of relevances) {
      yield;
      model.backwardPasses++;
      const pixels = back(pass.outputs, model.pixels, features);
      const values = readGradients({pixels, embeddings});
      // The start id is no word of the caption, so that what it contributed counts with the biases.
      const ofStart = sumGroups(values.embeddings, size)[0]!;
      unattributed.push(rest.dataSync()[0]! + (steps > 0 ? ofStart : 0));
      tf.dispose([features, rest]);
      found.pixels.push(values.pixels);
      found.embeddings.push(values.embeddings);
    }
    const all = toAttribution(found, model);
    return {...all, delta: Float32Array.from(totals(all), (total, word) => total + unattributed[word]!)};
  } finally {
    pass.dispose();
  }
}

/** Relevance of what the decoder reads, of one row, and what is left of the logit, negative: the biases' share less the logit. */
interface DecoderRelevance {
  readonly features: tf.Tensor;
  readonly embeddings: tf.Tensor3D;
  readonly rest: tf.Tensor;
}

function decoderRelevance(model: CaptionModel, pass: Pass): DecoderRelevance[] {
  const {decoder, byView} = singleDecoder(model.decoder, 'lrp');
  const {words} = model;
  const compute = (features: tf.Tensor, embeddings: tf.Tensor3D, {tokens, positions}: ScoredWords) =>
    tf.tidy(() => {
      const steps = embeddings.shape[1];
      const logits = (features: tf.Tensor, embeddings: tf.Tensor, biasFactor: tf.Tensor): tf.Tensor => {
        const form = runTransparent(decoder, byView(features), embeddings as tf.Tensor3D, {
          linear: true,
          biasFactor,
        });
        const chosen = oneHotRows(positions, steps);
        return tf.matMul(transparentLogits(decoder, form, tokens, biasFactor), chosen, false, true); // [1, words]
      };
      const one = tf.ones([1]);
      const each = Array.from({length: words}, (_, word) => oneHotRows(tf.tensor1d([word], 'int32'), words));
      const values = tf.reshape(logits(features, embeddings, one), [words]);
      return pullback(logits, [features, embeddings, one], each).map(([f, e, b], word) => ({
        features: tf.mul(features, f!),
        embeddings: tf.mul<tf.Tensor3D>(embeddings, e as tf.Tensor3D),
        rest: tf.sub(b!, tf.slice(values, word, 1)),
      }));
    });
  return model.compiled('decoder relevance', compute)(pass.features, pass.embeddings, pass.scored);
}
