/**
 * From a decoder's logits to sentences: greedy and beam search, batched over pictures and beams on the device. Search
 * knows nothing of a decoder but `begin` and `step`, and always returns a caption: where no hypothesis ends in time, the
 * best unfinished one.
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {tf} from '../runtime/native';
import {special} from '../text/vocabulary';
import type {Hypothesis, NextWords} from './beam';
import type {WordByWord} from './decoder';
import {Forced} from './forced';
import {Groups} from './groups';
import {bannedWords, lengthsFit, limits, type Limits} from './limits';
import {checkNumbers, Rows, type RowStep} from './rows';

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
  /** Diverse beam search: the beam falls into so many groups, each of which shuns the words of those before. @default 1 */
  readonly groups?: number;
  /** What a word loses, in log-probability, each time that a group before writes it at the same place. @default 0.5 */
  readonly diversity?: number;
  /**
   * Phrases, as ids of their words, that every caption holds, however improbable; one named twice comes twice. For them a beam is
   * at least as wide as there are words in them, and one more. Only where there is no other way do they repeat a run that `noRepeatNgram` forbids. @default []
   */
  readonly forced?: readonly (readonly number[])[];
}

const schema = z
  .strictObject({
    ...limits,
    beams: z.int().min(1).max(100).default(3),
    lengthExponent: z.number().min(0).max(5).default(0.7),
    noRepeatNgram: z.int().min(0).max(200).default(0),
    groups: z.int().min(1).max(100).default(1),
    diversity: z.number().min(0).max(100).default(0.5),
    forced: z.array(z.array(z.int().min(0)).min(1)).default([]),
  })
  .refine(({groups, beams}) => beams % groups === 0, {
    path: ['groups'],
    message: 'expected a number that divides `beams`',
  })
  .refine(...lengthsFit);

/** All options, with defaults for those that are not given. @throws CaptionerError `options` */
export function searchSettings(options: unknown = {}): Required<SearchOptions> {
  return parseOptions(schema, options, 'search');
}

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
 * @returns For each picture its hypotheses, each once, the best first: at most `beams`, at least one.
 * @throws CaptionerError `options`; `diverged` when logits are not numbers.
 */
export function beamSearch(
  decoder: WordByWord,
  features: tf.Tensor,
  options: SearchOptions = {},
): Hypothesis[][] {
  const settings = searchSettings(options);
  const {vocabulary} = decoder;
  const banned = bannedWords(vocabulary, settings.banned);
  const forced = new Forced(settings.forced, banned, settings.maximumLength);
  // A beam with fewer places than forced words would write those first and the sentence after them.
  const places = Math.max(
    settings.beams / settings.groups,
    forced.words.length === 0 ? 0 : forced.start.missing + 1,
  );
  const width = places * settings.groups;
  const pictures = Array.from(
    {length: features.shape[0]},
    () => new Groups({...settings, beams: width}, forced),
  );
  if (pictures.length === 0) return [];
  // Of each sentence only its best few can be among the picture's best: an ending, as many that go on as there are beams, and
  // what is passed over: words that would repeat a run, at most as many as the sentence has, and those that are given anyway.
  const repeated = settings.noRepeatNgram > 0 ? settings.maximumLength : 0;
  const count = Math.min(width + 1 + repeated + forced.words.length, vocabulary);

  const rows = new Rows(decoder, features);
  try {
    rows.keep(pictures.flatMap(({open}, at) => open.map(() => at)));
    for (;;) {
      const last = pictures.flatMap(({open}) => open.map(({tokens}) => tokens.at(-1) ?? special.start));
      const next = nextWords(rows.step(Int32Array.from(last)), banned, count, forced.words);
      let row = 0;
      for (const picture of pictures) {
        const {length} = picture.open;
        picture.advance(next, row);
        row += length;
      }
      const kept = pictures.flatMap(({open}) => open.map((sentence) => sentence.row));
      if (kept.length === 0) return pictures.map((picture) => picture.best().slice(0, settings.beams));
      rows.keep(kept);
    }
  } finally {
    rows.dispose();
  }
}

function nextWords(
  {logProbabilities, attention}: RowStep,
  banned: Float32Array,
  count: number,
  forced: readonly number[],
): NextWords {
  const next = tf.tidy(() => {
    // Probabilities are those of the model; a banned word keeps its share, it is only never chosen.
    const best = tf.topk(tf.add(logProbabilities, tf.tensor1d(banned)), count);
    return {
      words: best.indices.dataSync<'int32'>(),
      logProbabilities: best.values.dataSync<'float32'>(),
      forced:
        forced.length === 0
          ? new Float32Array()
          : tf.gather(logProbabilities, tf.tensor1d([...forced], 'int32'), 1).dataSync<'float32'>(),
    };
  });
  logProbabilities.dispose();
  checkNumbers(next.logProbabilities);
  return {...next, count, ...(attention && {attention})};
}
