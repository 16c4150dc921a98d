/**
 * Objectives of training: given the images of a batch, they choose the captions that a step is trained on and how much each of them counts.
 * Cross entropy takes the references; self-critical training takes captions that the decoder samples itself.
 */
import type {Decoder} from '../decoders/decoder';
import type {StepKey} from '../random/random';
import type {tf} from '../tensorflow/tensorflow';
import type {Vocabulary} from '../text/vocabulary';
import type {Batch} from './batches';
import type {LossOptions} from './loss';
import type {TrainerSettings} from './options';
import {sampledBatch, type Rewards} from './self-critical';

export interface ObjectiveInput {
  readonly decoder: Decoder;
  readonly vocabulary: Vocabulary;
  /** References of the images, `[captions, steps]`. */
  readonly batch: Batch;
  /** Ids of the images, each once. */
  readonly images: readonly string[];
  /** Computes the images' features, `[images, …]`, without a gradient. */
  readonly features: () => tf.Tensor;
  readonly key: StepKey;
}

/** The captions of a step. */
export interface Target {
  readonly batch: Batch;
  readonly loss: LossOptions;
  /** Mean reward of the sampled captions, in self-critical training. */
  readonly reward?: number;
}

export type Objective = (input: ObjectiveInput) => Target;

/**
 * Maximises the likelihood of the references.
 *
 * @param ownWords Fraction of input words replaced by the decoder's own predictions (scheduled sampling).
 */
export function crossEntropy({
  labelSmoothing,
  ownWords,
}: Pick<TrainerSettings, 'labelSmoothing'> & {readonly ownWords: number}): Objective {
  return ({batch, key}) => ({batch, loss: {...key, labelSmoothing, ownWords}});
}

/** Maximises the reward of sampled captions (Rennie et al. 2017, arXiv 1612.00563). */
export function selfCritical(
  rewards: Rewards,
  settings: Pick<TrainerSettings, 'samples' | 'baseline' | 'maximumLength' | 'temperature'>,
): Objective {
  return ({decoder, vocabulary, images, features, key}) => {
    const sampled = sampledBatch(decoder, features(), images, vocabulary, rewards, {...settings, ...key});
    return {
      ...sampled,
      loss: {...key, shares: sampled.shares, temperature: settings.temperature},
    };
  };
}
