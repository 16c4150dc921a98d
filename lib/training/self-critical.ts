/**
 * Self-critical training (Rennie et al. 2017, arXiv 1612.00563): the decoder writes captions by chance; those that are better than
 * what it would have written otherwise become more likely, the others less (REINFORCE with a baseline of its own).
 */
import {collate, type Batch} from './batches';
import type {Decoder} from '../decoders/decoder';
import {sample} from '../search/sampling';
import {greedySearch} from '../search/beam-search';
import type {tf} from '../tensorflow/tensorflow';
import {mix, type DropoutKey} from '../random/random';
import type {Vocabulary} from '../text/vocabulary';
import {advantages, type Rewards} from './rewards';

export interface SelfCriticalSettings extends DropoutKey {
  readonly samples: number;
  readonly baseline: 'others' | 'greedy';
  readonly maximumLength: number;
  readonly temperature: number;
}

export interface SampledBatch {
  readonly batch: Batch;
  /** What each caption is better by, its share in the loss. */
  readonly shares: readonly number[];
  /** Mean of the samples, 0 to 10. */
  readonly reward: number;
}

/** Keeps these numbers apart from those of dropout, which have the same seed. */
const stream = 0x5ca1;

/**
 * @param features Of the images, as the decoder reads them.
 * @param images Their names; each is sampled from once, however many captions people gave it.
 */
export function sampledBatch(
  decoder: Decoder,
  features: tf.Tensor,
  images: readonly string[],
  vocabulary: Vocabulary,
  rewards: Rewards,
  {samples, baseline, maximumLength, temperature, seed, step}: SelfCriticalSettings,
): SampledBatch {
  const all = sample(decoder, features, {
    samples,
    maximumLength,
    temperature,
    seed: mix(mix(seed, stream), step),
  });
  const rewardOf = (id: string, {tokens, finished}: (typeof all)[number][number]): number =>
    rewards.of(id, vocabulary.decode(tokens), finished);
  const found = all.map((own, at) => own.map((one) => rewardOf(images[at]!, one)));
  const baselines =
    baseline === 'greedy'
      ? greedySearch(decoder, features, {maximumLength}).map((one, at) => rewardOf(images[at]!, one))
      : undefined;
  const batch = collate(
    all.flatMap((own, at) => own.map(({tokens, finished}) => ({id: images[at]!, tokens, finished}))),
  );
  const flat = found.flat();
  return {
    batch,
    shares: advantages(found, baselines).flat(),
    reward: flat.reduce((sum, one) => sum + one, 0) / flat.length,
  };
}
