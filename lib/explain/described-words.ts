/** The explained words with their probabilities and rivals. */
import {tf} from '../tensorflow/tensorflow';
import {special, type Vocabulary} from '../text/vocabulary';
import type {CaptionModel} from './caption-model';
import type {ExplainedWord} from './explanation';

/** Number of most probable words that are listed. */
const rivalCount = 5;

/** Describes the explained words. */
export function describeWords(model: CaptionModel, vocabulary: Vocabulary): ExplainedWord[] {
  const {caption, positions, against} = model;
  const steps = teacherForced(model);
  const {probabilities} = steps;
  return positions.map((position) => {
    const token = caption[position]!;
    const here = probabilities[position]!;
    const best = [...here.keys()]
      .filter((id) => id === special.end || id > special.unknown)
      .sort((a, b) => here[b]! - here[a]!)
      .slice(0, rivalCount);
    return {
      word: vocabulary.word(token),
      token,
      position,
      probability: here[token]!,
      rivals: best.map((id) => ({word: vocabulary.word(id), probability: here[id]!})),
      ...(against !== undefined && {against: vocabulary.word(against)}),
    };
  });
}

/** Results of the decoder's steps along the caption. */
export interface ForcedSteps {
  /** Probability of every word at each step. */
  readonly probabilities: readonly Float32Array[];
  /** Attention weights of the cells at each step, if the decoder attends to a grid; they are of the whole image. */
  readonly attention: readonly Float32Array[];
}

/** Runs the decoder step by step along the caption. */
export function teacherForced(model: CaptionModel): ForcedSteps {
  const {encoder, decoder, caption, pixels} = model;
  const probabilities: Float32Array[] = [];
  const attention: Float32Array[] = [];
  model.forwardPasses++;
  tf.tidy(() => {
    const features = encoder.encode(pixels)[decoder.features];
    let state = decoder.begin(features);
    for (const token of [special.start, ...caption.slice(0, -1)]) {
      const step = decoder.step(tf.tensor1d([token], 'int32'), state);
      probabilities.push(tf.softmax(step.logits).dataSync<'float32'>().slice());
      if (step.attention) attention.push(step.attention.dataSync<'float32'>().slice());
      state = step.state;
    }
  });
  return {probabilities, attention};
}
