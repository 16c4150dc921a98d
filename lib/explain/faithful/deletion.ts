/**
 * Deletion and insertion (Petsiuk et al. 2018, arXiv 1806.07421): the word's probability while the pixels that a map holds most important are
 * hidden one after the other, or shown one after the other.
 */
import {tf} from '../../tensorflow/tensorflow';
import type {Baseline} from '../baselines';
import type {CaptionModel} from '../caption-model';
import {HiddenImage} from '../hidden';

/** Areas under the curves of a word's probability, from 0 to 1. */
export interface DeletionScores {
  /** Area while pixels are hidden; lower is better. */
  readonly deletion: number;
  /** Area while pixels are shown; higher is better. */
  readonly insertion: number;
}

/** Content of hidden pixels, as in the paper: none where they are deleted, a blurred image where they are inserted. */
const baselines = {deletion: 'mean', insertion: 'blurred'} as const;

/**
 * Computes the scores of maps.
 *
 * @param maps Maps of each explained word, `[size, size]`, of any number of methods.
 * @param steps Steps from the whole image to none.
 * @returns For each word the scores of each of its maps.
 */
export function* deletionScores(
  model: CaptionModel,
  maps: readonly (readonly Float32Array[])[],
  steps: number,
): Generator<void, DeletionScores[][], void> {
  const jobs = maps.flatMap((own, word) => own.map((map) => ({word, order: stepsOf(map, steps)})));
  const deletion = yield* areas(model, jobs, steps, 'deletion');
  const insertion = yield* areas(model, jobs, steps, 'insertion');
  let next = 0;
  return maps.map((own) => own.map(() => ({deletion: deletion[next]!, insertion: insertion[next++]!})));
}

interface Job {
  readonly word: number;
  /** Step in which each pixel is hidden or shown. */
  readonly order: Uint8Array;
}

/** Divides the pixels into steps of the same size, the highest values first; of equal values the one further up and left. */
function stepsOf(map: Float32Array, steps: number): Uint8Array {
  const order = Uint32Array.from(map.keys()).sort((a, b) => map[b]! - map[a]! || a - b);
  const found = new Uint8Array(map.length);
  for (const [rank, pixel] of order.entries()) found[pixel] = Math.floor((rank * steps) / map.length);
  return found;
}

function* areas(
  model: CaptionModel,
  jobs: readonly Job[],
  steps: number,
  kind: 'deletion' | 'insertion',
): Generator<void, number[], void> {
  const {size, words} = model;
  const baseline: Baseline = baselines[kind];
  const image = new HiddenImage(model, baseline);
  const first = kind === 'insertion' ? 1 : 0;
  try {
    // The whole image and the baseline, then for each job the images between.
    const maskOf = (from: number, count: number): tf.Tensor4D => {
      const mask = new Float32Array(count * size * size);
      for (let at = 0; at < count; at++) {
        const own = mask.subarray(at * size * size, (at + 1) * size * size);
        const number = from + at - 2;
        if (number < 0) own.fill(number === -2 ? 1 : 0);
        else {
          const {order} = jobs[Math.floor(number / (steps - 1))]!;
          const step = (number % (steps - 1)) + 1;
          for (let pixel = 0; pixel < own.length; pixel++)
            own[pixel] = order[pixel]! < step ? first : 1 - first;
        }
      }
      return tf.tensor4d(mask, [count, size, size, 1]);
    };
    const scores = yield* image.scores(2 + jobs.length * (steps - 1), maskOf);
    return jobs.map(({word}, job) => {
      const probability = (row: number): number => Math.exp(scores[row * words + word]!);
      const between = Array.from({length: steps - 1}, (_, k) => probability(2 + job * (steps - 1) + k));
      const ends = (probability(0) + probability(1)) / 2;
      return (ends + between.reduce((sum, value) => sum + value, 0)) / steps;
    });
  } finally {
    image.dispose();
  }
}
