/**
 * Greedy and beam search, batched over images and beams on the device. Search uses only a decoder's `begin` and `step`. It always
 * returns a caption: if no hypothesis ends in time, the best unfinished one.
 */
import {runToEnd} from '../interrupt';
import type {SearchOptions} from '../option-types';
import {parseOptions} from '../options';
import {tf} from '../tensorflow/tensorflow';
import {special} from '../text/vocabulary';
import type {Hypothesis, NextWords, OnConsidered} from './beam';
import type {StepDecoder} from '../decoders/decoder';
import {RequiredPhrases} from './required-phrases';
import {DiverseBeam} from './diverse-beam';
import {bannedWords} from './constraints';
import {checkNumbers, DecodingState, type Choice, type RowStep} from './decoding-state';
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
  return runToEnd(beamSearchSteps(decoder, features, options));
}

/**
 * Like `beamSearch`, but pauses after each word, so that the caller can let other events through.
 *
 * @param onConsidered Is told every continuation that is considered, of all images.
 */
export function* beamSearchSteps(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: SearchOptions = {},
  onConsidered?: OnConsidered,
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
    () => new DiverseBeam({...settings, beams: width}, required, onConsidered),
  );
  if (images.length === 0) return [];
  // The top words of each hypothesis that can matter: one per beam, the end, those that the search skips because they would repeat
  // an n-gram (at most one per word of the sentence), and the required words, which are scored separately.
  const repeated = settings.noRepeatNgramSize > 0 ? settings.maximumLength : 0;
  const count = Math.min(width + 1 + repeated + required.words.length, vocabulary);

  const decoding = yield* DecodingState.begin(decoder, features, bestWords, settings.maximumLength + 1);
  // After the pauses of the beginning, in which the search may be given up.
  const best = {mask: tf.tensor1d(mask), ...wordsOf(required.words), count};
  try {
    // Each image has rows for as many hypotheses as there may be; at first for the one of each group.
    let [active, rowsPerImage] = [images, settings.beamGroups];
    decoding.keep(images.flatMap(({open}, at) => open.map(() => at)));
    let parents: Int32Array | undefined;
    for (;;) {
      const words = byRow(
        active,
        rowsPerImage,
        () => special.start,
        ({tokens}) => tokens.at(-1) ?? special.start,
      );
      const next = nextWords(decoding.step(words, best, parents), count);
      for (const [at, image] of active.entries()) image.advance(next, at * rowsPerImage);
      const searched = active.filter(({open}) => open.length > 0);
      if (searched.length === 0) return images.map((image) => image.best().slice(0, settings.beams));
      if (rowsPerImage < width || decoding.canShrink(searched.length * width)) {
        const first = new Map(searched.map((image) => [image, image.open[0]!.row]));
        decoding.keep([
          ...byRow(
            searched,
            width,
            (image) => first.get(image)!,
            ({row}) => row,
          ),
        ]);
        [active, rowsPerImage] = [searched, width];
        parents =
          width > 1
            ? byRow(
                active,
                width,
                (_, row) => row,
                (_, row) => row,
              )
            : undefined;
      } else if (width > 1)
        parents = byRow(
          active,
          width,
          (_, row) => row,
          ({row}) => row,
        );
      yield;
    }
  } finally {
    decoding.dispose();
    tf.dispose(Object.values(best).filter((one) => one instanceof tf.Tensor));
  }
}

/** Returns a number for each row: of an open hypothesis, or else of an image's row without one. */
function byRow(
  images: readonly DiverseBeam[],
  rowsPerImage: number,
  ofImage: (image: DiverseBeam, row: number) => number,
  ofHypothesis: (hypothesis: DiverseBeam['open'][number], row: number) => number,
): Int32Array {
  const rows = new Int32Array(images.length * rowsPerImage);
  for (const [at, image] of images.entries()) {
    const {open} = image;
    for (let k = 0; k < rowsPerImage; k++) {
      const [row, hypothesis] = [at * rowsPerImage + k, open[k]];
      rows[row] = hypothesis ? ofHypothesis(hypothesis, row) : ofImage(image, row);
    }
  }
  return rows;
}

interface BestInputs {
  /** Added to the log-probabilities, `[vocabulary]`. It comes after the softmax: suppressed words keep their probability. */
  readonly mask: tf.Tensor1D;
  /** Ids of the required words, int32. */
  readonly required?: tf.Tensor1D;
  readonly count: number;
}

function wordsOf(required: readonly number[]): Pick<BestInputs, 'required'> {
  return required.length > 0 ? {required: tf.tensor1d([...required], 'int32')} : {};
}

interface BestWords extends tf.TensorContainerObject {
  words: tf.Tensor;
  logProbabilities: tf.Tensor;
  required: tf.Tensor | undefined;
}

/** The `count` best words of each row, and the log-probabilities of the required words. */
const bestWords: Choice<BestInputs, BestWords> = {
  name: 'beam search',
  choose: (logProbabilities, {mask, required, count}) => {
    const {indices, values} = tf.topk(tf.add(logProbabilities, mask), count);
    const wanted = required && tf.gather(logProbabilities, required, 1);
    return {words: indices, logProbabilities: values, required: wanted};
  },
};

/** Reads the words of a step. */
function nextWords({chosen, attention}: RowStep<BestWords>, count: number): NextWords {
  const {words, logProbabilities, required} = chosen;
  const next = {
    words: words.dataSync<'int32'>(),
    logProbabilities: logProbabilities.dataSync<'float32'>(),
    requiredLogProbabilities: required?.dataSync<'float32'>() ?? new Float32Array(),
  };
  tf.dispose(chosen);
  checkNumbers(next.logProbabilities);
  return {...next, count, ...(attention && {attention})};
}
