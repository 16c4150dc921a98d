/** Other images through the same model: with a random square hidden, with noise, or of a changed scene. */
import {toPixels} from '../../encoders/images';
import type {SeededRandom} from '../../random/random';
import {tf} from '../../tensorflow/tensorflow';
import type {CaptionModel} from '../caption-model';
import {HiddenImage} from '../hidden';
import type {Effect} from './measurement';

/** Side of the squares that infidelity hides, as a fraction of the image's side. */
const square = {least: 0.15, most: 0.4};
/** Largest noise of maximum sensitivity, as a fraction of the range of colours: Captum's radius. */
const noise = 0.02;
/** Computes how far each word's score falls in each changed scene. */
export function* effectsOf(
  model: CaptionModel,
  changed: readonly {readonly kind: Effect['kind']; readonly change: Effect['change']}[],
  pixels: readonly Uint8Array[],
): Generator<void, Effect[], void> {
  const batch = toPixels(pixels, model.size);
  const float = tf.cast(batch, 'float32');
  batch.dispose();
  try {
    const own = model.scoresAtOnce(model.pixels);
    const others = yield* model.scores(float);
    return changed.flatMap(({kind, change}, row) =>
      Array.from(own, (score, word) => {
        const fall = score - others[row * model.words + word]!;
        return {word, kind, change, fall};
      }),
    );
  } finally {
    float.dispose();
  }
}

/** Makes images with uniform noise of the radius that Captum uses. */
export function noisy(pixels: Uint8Array, count: number, random: SeededRandom): Float32Array[] {
  return Array.from({length: count}, () =>
    Float32Array.from(pixels, (value) => value + 255 * random.between(-noise, noise)),
  );
}

/** Scores of images with a random square hidden. */
export interface Perturbed {
  readonly masks: readonly Uint8Array[];
  /** How far the score of each word fell, `[perturbations, words]`. */
  readonly falls: readonly Float32Array[];
}

/** Hides random squares. */
export function* perturbedScores(
  model: CaptionModel,
  count: number,
  random: SeededRandom,
): Generator<void, Perturbed, void> {
  const {size, words} = model;
  const masks = Array.from({length: count}, () => {
    const side = Math.round(size * random.between(square.least, square.most));
    const [left, top] = [random.next(), random.next()].map((at) => Math.floor(at * (size - side + 1)));
    const mask = new Uint8Array(size * size);
    for (let y = top!; y < top! + side; y++) mask.fill(1, y * size + left!, y * size + left! + side);
    return mask;
  });
  const image = new HiddenImage(model, 'mean');
  const maskOf = (from: number, images: number): tf.Tensor4D => {
    const shown = new Float32Array(images * size * size).fill(1);
    for (let at = 0; at < images; at++)
      if (from + at > 0)
        for (const [pixel, hidden] of masks[from + at - 1]!.entries())
          if (hidden) shown[at * size * size + pixel] = 0;
    return tf.tensor4d(shown, [images, size, size, 1]);
  };
  try {
    const scores = yield* image.scores(count + 1, maskOf);
    const falls = masks.map((_, at) =>
      Float32Array.from({length: words}, (_, word) => scores[word]! - scores[(at + 1) * words + word]!),
    );
    return {masks, falls};
  } finally {
    image.dispose();
  }
}
