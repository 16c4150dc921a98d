/** Word ablation: how much a word's score falls when one of the words before it is left out. */
import {tf} from '../tensorflow/tensorflow';
import type {CaptionModel} from './caption-model';
import type {WordInfluence} from './explanation';
import {wordInfluence} from './method';

/** Leaves out one word of the caption at a time: its embedding becomes zeros. The image stays whole. */
export function* wordAblation(model: CaptionModel): Generator<void, WordInfluence, void> {
  const [, steps] = model.embeddings.shape;
  const {words} = model;
  const scores = new Float32Array(steps * words);
  for (const [from, count] of model.batches(steps)) {
    const [pixels, embeddings] = tf.tidy(() => {
      // Copy k lacks the k-th word that the decoder reads; copy 0 reads all, since the start id stays.
      const shown = Float32Array.from({length: count * steps}, (_, at) => {
        const copy = from + Math.floor(at / steps);
        return copy > 0 && copy === at % steps ? 0 : 1;
      });
      return [
        tf.tile(model.pixels, [count, 1, 1, 1]),
        tf.mul<tf.Tensor3D>(model.embeddings, tf.tensor3d(shown, [count, steps, 1])),
      ] as const;
    });
    scores.set(model.scoresAtOnce(pixels, embeddings), from * words);
    tf.dispose([pixels, embeddings]);
    yield;
  }
  const rows = Array.from({length: words}, (_, word) =>
    Float32Array.from({length: steps}, (_, step) => scores[word]! - scores[step * words + word]!),
  );
  return wordInfluence(rows, model.positions);
}
