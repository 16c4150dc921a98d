/**
 * From a decoder's logits to sentences: greedy and beam search, batched over images and beams on the device. Search
 * knows nothing of a decoder but `begin` and `step`, and always returns a caption: where no hypothesis ends in time, the
 * best unfinished one.
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

/** The most probable word at each step. */
export function greedySearch(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: Omit<SearchOptions, 'beams'> = {},
): Hypothesis[] {
  return beamSearch(decoder, features, {...options, beams: 1}).map(([best]) => best!);
}

/**
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
