/**
 * Greedy and beam search, batched over images and beams on the device. Search uses only a decoder's `begin` and `step`. It always
 * returns a caption: if no hypothesis ends in time, the best unfinished one.
 */
import type {SearchOptions} from '../option-types';
import {parseOptions} from '../options';
import {tf} from '../tensorflow/tensorflow';
import {special} from '../text/vocabulary';
import type {Hypothesis, NextWords} from './beam';
import type {StepDecoder} from '../decoders/decoder';
import {RequiredPhrases} from './required-phrases';
import {DiverseBeam} from './diverse-beam';
import {bannedWords} from './constraints';
import {checkNumbers, DecodingState, type RowStep} from './decoding-state';
import {searchOptions} from './search-options';

export type {SearchOptions};
export type {Hypothesis, Sentence} from './beam';

/** All options, with defaults for those that are not given. @throws CaptionerError `options` */
export function searchSettings(options: unknown = {}): Required<SearchOptions> {
  return parseOptions(searchOptions.schema, options, searchOptions.owner);
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
  const steps = beamSearchSteps(decoder, features, options);
  for (;;) {
    const {done, value} = steps.next();
    if (done) return value;
  }
}

/** Like `beamSearch`, but pauses after each word, so that the caller can let other events through. */
export function* beamSearchSteps(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: SearchOptions = {},
): Generator<void, Hypothesis[][], void> {
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

  const decoding = yield* DecodingState.begin(decoder, features);
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
      yield;
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
