/**
 * From a decoder's logits to sentences: greedy and beam search, batched over pictures and beams on the device. Search
 * knows nothing of a decoder but `begin` and `step`, and always returns a caption: where no hypothesis ends in time, the
 * best unfinished one.
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {tf} from '../runtime/native';
import {special} from '../text/vocabulary';
import {Beam, type Continuation, type Hypothesis} from './beam';
import type {WordByWord} from './decoder';
import {bannedWords, lengthsFit, limits, type Limits} from './limits';
import {checkNumbers, Rows} from './rows';

export type {Hypothesis, Sentence} from './beam';

export interface SearchOptions extends Limits {
  /** Hypotheses kept at each step; 1 is greedy search. @default 3 */
  readonly beams?: number;
  /**
   * Longer sentences are less probable; 0 leaves it at that, 1 compares the mean word. The simple form of Wu et al. 2016
   * (arXiv 1609.08144, equation 14), where the length counts the end. @default 0.7
   */
  readonly lengthExponent?: number;
  /** No run of so many words comes twice in a caption (Paulus et al. 2018, arXiv 1705.04304, section 2.5); 0: it may. @default 0 */
  readonly noRepeatNgram?: number;
}

const schema = z
  .strictObject({
    ...limits,
    beams: z.int().min(1).max(100).default(3),
    lengthExponent: z.number().min(0).max(5).default(0.7),
    noRepeatNgram: z.int().min(0).max(200).default(0),
  })
  .refine(...lengthsFit);

/** The most probable word at each step. */
export function greedySearch(
  decoder: WordByWord,
  features: tf.Tensor,
  options: Omit<SearchOptions, 'beams'> = {},
): Hypothesis[] {
  return beamSearch(decoder, features, {...options, beams: 1}).map(([best]) => best!);
}

/**
 * @param features Image features, as the decoder reads them; not disposed.
 * @returns For each picture its hypotheses, the best first: at most `beams`, at least one.
 * @throws CaptionerError `options`; `diverged` when logits are not numbers.
 */
export function beamSearch(
  decoder: WordByWord,
  features: tf.Tensor,
  options: SearchOptions = {},
): Hypothesis[][] {
  const settings = parseOptions(schema, options, 'search');
  const beams = Array.from({length: features.shape[0]}, () => new Beam(settings));
  if (beams.length === 0) return [];
  const banned = bannedWords(decoder.vocabulary, settings.banned);
  // Of each sentence only its best few can be among the picture's best: an ending, and as many that go on.
  // Words that would repeat a run are at most as many as the sentence has, and are passed over.
  const repeated = settings.noRepeatNgram > 0 ? settings.maximumLength : 0;
  const count = Math.min(settings.beams + 1 + repeated, decoder.vocabulary);

  const rows = new Rows(decoder, features);
  try {
    for (;;) {
      const words = beams.flatMap(({open}) =>
        open.map((sentence) => sentence.tokens.at(-1) ?? special.start),
      );
      const {logProbabilities, attention} = rows.step(Int32Array.from(words));
      const best = bestWords(logProbabilities, banned, count);
      let row = 0;
      for (const beam of beams) {
        const {length} = beam.open;
        beam.advance(best, row, attention);
        row += length;
      }
      const kept = beams.flatMap(({open}) => open.map((sentence) => sentence.row));
      if (kept.length === 0) return beams.map((beam) => beam.best());
      rows.keep(kept);
    }
  } finally {
    rows.dispose();
  }
}

/**
 * The most probable words of each row.
 *
 * @param logProbabilities `[rows, vocabulary]`; disposed.
 */
function bestWords(
  logProbabilities: tf.Tensor2D,
  banned: Float32Array,
  count: number,
): (row: number) => Continuation[] {
  const [values, indices] = tf.tidy(() => {
    // Probabilities are those of the model; a banned word keeps its share, it is only never chosen.
    const best = tf.topk(tf.add(logProbabilities, tf.tensor1d(banned)), count);
    return [best.values.dataSync<'float32'>(), best.indices.dataSync<'int32'>()] as const;
  });
  logProbabilities.dispose();
  checkNumbers(values);
  return (row) =>
    Array.from(
      {length: count},
      (_, k) => [indices[row * count + k]!, values[row * count + k]!] as const,
    ).filter(([, value]) => value > -Infinity);
}
