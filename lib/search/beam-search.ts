/**
 * Greedy and beam search, batched over images and beams on the device. Search uses only a decoder's `begin` and `step`. It always
 * returns a caption: if no hypothesis ends in time, the best unfinished one.
 */
import {z} from 'zod';
import {parseOptions} from '../options';
import {tf} from '../tensorflow/tensorflow';
import {special} from '../text/vocabulary';
import type {Hypothesis, NextWords} from './beam';
import type {StepDecoder} from '../decoders/decoder';
import {RequiredPhrases} from './required-phrases';
import {DiverseBeam} from './diverse-beam';
import {bannedWords, lengthsFit, constraintFields, type Limits} from './constraints';
import {checkNumbers, DecodingState, type RowStep} from './decoding-state';

export type {Hypothesis, Sentence} from './beam';

export interface SearchOptions extends Limits {
  /** Hypotheses kept at each step; 1 is greedy search. @default 3 */
  readonly beams?: number;
  /**
   * Longer sentences are less probable; 0 leaves it at that, 1 compares the mean word. The simple form of Wu et al. 2016
   * (arXiv 1609.08144, equation 14), where the length counts the end. @default 0.7
   */
  readonly lengthPenalty?: number;
  /** No run of so many words comes twice in a caption (Paulus et al. 2018, arXiv 1705.04304, section 2.5); 0: it may. @default 0 */
  readonly noRepeatNgramSize?: number;
  /** Diverse beam search: the beam falls into so many groups, each of which shuns the words of those before. @default 1 */
  readonly beamGroups?: number;
  /** What a word loses, in log-probability, each time that a group before writes it at the same place. @default 0.5 */
  readonly diversityPenalty?: number;
  /**
   * Phrases, as ids of their words, that every caption holds, however improbable; one named twice comes twice. For them a beam is
   * at least as wide as there are words in them, and one more. Only where there is no other way do they repeat a run that `noRepeatNgramSize` forbids. @default []
   */
  readonly requiredPhrases?: readonly (readonly number[])[];
}

const schema = z
  .strictObject({
    ...constraintFields,
    beams: z.int().min(1).max(100).default(3),
    lengthPenalty: z.number().min(0).max(5).default(0.7),
    noRepeatNgramSize: z.int().min(0).max(200).default(0),
    beamGroups: z.int().min(1).max(100).default(1),
    diversityPenalty: z.number().min(0).max(100).default(0.5),
    requiredPhrases: z.array(z.array(z.int().min(0)).min(1)).default([]),
  })
  .refine(({beamGroups, beams}) => beams % beamGroups === 0, {
    path: ['beamGroups'],
    message: 'expected a number that divides `beams`',
  })
  .refine(...lengthsFit);

/** All options, with defaults for those that are not given. @throws CaptionerError `options` */
export function searchSettings(options: unknown = {}): Required<SearchOptions> {
  return parseOptions(schema, options, 'search');
}

/** Chooses the most probable word at each step: beam search with one beam. Returns one hypothesis per image. */
export function greedySearch(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: Omit<SearchOptions, 'beams'> = {},
): Hypothesis[] {
  return beamSearch(decoder, features, {...options, beams: 1}).map(([best]) => best!);
}

/**
 * Searches for the most probable captions of each image.
 *
 * @param features Image features of the decoder's kind, one row per image; not disposed.
 * @returns For each image its distinct hypotheses, best first: at least one, at most `beams`.
 * @throws CaptionerError `options`; `shape` for features of another kind; `diverged` when logits are NaN; `stopped`.
 */
export function beamSearch(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: SearchOptions = {},
): Hypothesis[][] {
  const settings = searchSettings(options);
  const {vocabulary} = decoder;
  const mask = bannedWords(vocabulary, settings.suppressWords);
  const required = new RequiredPhrases(settings.requiredPhrases, mask, settings.maximumLength);
  // A group narrower than the number of required words would write those first and the rest of the sentence after them.
  const groupWidth = Math.max(
    settings.beams / settings.beamGroups,
    required.words.length === 0 ? 0 : required.start.missing + 1,
  );
  const width = groupWidth * settings.beamGroups;
  const images = Array.from(
    {length: features.shape[0]},
    () => new DiverseBeam({...settings, beams: width}, required),
  );
  if (images.length === 0) return [];
  // The top words of each hypothesis that can matter: one per beam, the end, those that the search skips because they would repeat
  // an n-gram (at most one per word of the sentence), and the required words, which are scored separately.
  const repeated = settings.noRepeatNgramSize > 0 ? settings.maximumLength : 0;
  const count = Math.min(width + 1 + repeated + required.words.length, vocabulary);

  const decoding = new DecodingState(decoder, features);
  try {
    decoding.reorder(images.flatMap(({open}, at) => open.map(() => at)));
    for (;;) {
      const last = images.flatMap(({open}) => open.map(({tokens}) => tokens.at(-1) ?? special.start));
      const next = nextWords(decoding.step(Int32Array.from(last)), mask, count, required.words);
      let row = 0;
      for (const image of images) {
        const {length} = image.open;
        image.advance(next, row);
        row += length;
      }
      const parents = images.flatMap(({open}) => open.map((hypothesis) => hypothesis.row));
      if (parents.length === 0) return images.map((image) => image.best().slice(0, settings.beams));
      decoding.reorder(parents);
    }
  } finally {
    decoding.dispose();
  }
}

/** Selects the `count` best words of each row and the log-probabilities of the required words. Disposes the log-probabilities. */
function nextWords(
  {logProbabilities, attention}: RowStep,
  mask: Float32Array,
  count: number,
  requiredWords: readonly number[],
): NextWords {
  const next = tf.tidy(() => {
    // The mask comes after the softmax: suppressed words keep their probability and are only never chosen.
    const best = tf.topk(tf.add(logProbabilities, tf.tensor1d(mask)), count);
    return {
      words: best.indices.dataSync<'int32'>(),
      logProbabilities: best.values.dataSync<'float32'>(),
      requiredLogProbabilities:
        requiredWords.length === 0
          ? new Float32Array()
          : tf.gather(logProbabilities, tf.tensor1d([...requiredWords], 'int32'), 1).dataSync<'float32'>(),
    };
  });
  logProbabilities.dispose();
  checkNumbers(next.logProbabilities);
  return {...next, count, ...(attention && {attention})};
}
