/**
 * From a decoder's logits to sentences: greedy and beam search, batched over images and beams on the device. Search
 * knows nothing of a decoder but `begin` and `step`, and always returns a caption: where no hypothesis ends in time, the
 * best unfinished one.
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

/** Options of `beamSearch`. */
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

/** The most probable word at each step. */
export function greedySearch(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: Omit<SearchOptions, 'beams'> = {},
): Hypothesis[] {
  return beamSearch(decoder, features, {...options, beams: 1}).map(([best]) => best!);
}

/**
 * Searches for the most probable captions, keeping the best hypotheses at each step.
 *
 * @param features Image features, as the decoder reads them; not disposed.
 * @returns For each image its hypotheses, each once, the best first: at most `beams`, at least one.
 * @throws CaptionerError `options`; `diverged` when logits are not numbers.
 */
export function beamSearch(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: SearchOptions = {},
): Hypothesis[][] {
  const settings = searchSettings(options);
  const {vocabulary} = decoder;
  const suppressWords = bannedWords(vocabulary, settings.suppressWords);
  const requiredPhrases = new RequiredPhrases(
    settings.requiredPhrases,
    suppressWords,
    settings.maximumLength,
  );
  // A beam with fewer places than forced words would write those first and the sentence after them.
  const places = Math.max(
    settings.beams / settings.beamGroups,
    requiredPhrases.words.length === 0 ? 0 : requiredPhrases.start.missing + 1,
  );
  const width = places * settings.beamGroups;
  const images = Array.from(
    {length: features.shape[0]},
    () => new DiverseBeam({...settings, beams: width}, requiredPhrases),
  );
  if (images.length === 0) return [];
  // Of each sentence only its best few can be among the image's best: an ending, as many that go on as there are beams, and
  // what is passed over: words that would repeat a run, at most as many as the sentence has, and those that are given anyway.
  const repeated = settings.noRepeatNgramSize > 0 ? settings.maximumLength : 0;
  const count = Math.min(width + 1 + repeated + requiredPhrases.words.length, vocabulary);

  const rows = new DecodingState(decoder, features);
  try {
    rows.reorder(images.flatMap(({open}, at) => open.map(() => at)));
    for (;;) {
      const last = images.flatMap(({open}) => open.map(({tokens}) => tokens.at(-1) ?? special.start));
      const next = nextWords(rows.step(Int32Array.from(last)), suppressWords, count, requiredPhrases.words);
      let row = 0;
      for (const image of images) {
        const {length} = image.open;
        image.advance(next, row);
        row += length;
      }
      const kept = images.flatMap(({open}) => open.map((sentence) => sentence.row));
      if (kept.length === 0) return images.map((image) => image.best().slice(0, settings.beams));
      rows.reorder(kept);
    }
  } finally {
    rows.dispose();
  }
}

function nextWords(
  {logProbabilities, attention}: RowStep,
  suppressWords: Float32Array,
  count: number,
  requiredPhrases: readonly number[],
): NextWords {
  const next = tf.tidy(() => {
    // Probabilities are those of the model; a banned word keeps its share, it is only never chosen.
    const best = tf.topk(tf.add(logProbabilities, tf.tensor1d(suppressWords)), count);
    return {
      words: best.indices.dataSync<'int32'>(),
      logProbabilities: best.values.dataSync<'float32'>(),
      requiredPhrases:
        requiredPhrases.length === 0
          ? new Float32Array()
          : tf.gather(logProbabilities, tf.tensor1d([...requiredPhrases], 'int32'), 1).dataSync<'float32'>(),
    };
  });
  logProbabilities.dispose();
  checkNumbers(next.logProbabilities);
  return {...next, count, ...(attention && {attention})};
}
