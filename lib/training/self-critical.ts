/**
 * Self-critical training (Rennie et al. 2017, arXiv 1612.00563): the decoder samples captions; those that are better than a baseline
 * become more likely, the others less (REINFORCE, with the decoder's other captions as the baseline).
 */
import type {CaptionedImage} from '../datasets/dataset';
import {ciderScore, ciderVector, type CiderVector} from '../metrics/cider';
import {DocumentFrequencies} from '../metrics/document-frequencies';
import type {Words} from '../metrics/statistics';
import {metricTokens} from '../text/metric-tokens';
import {collate, type Batch} from './batches';
import type {Decoder} from '../decoders/decoder';
import {sample} from '../search/sampling';
import {greedySearch} from '../search/beam-search';
import type {tf} from '../tensorflow/tensorflow';
import {mix, type StepKey} from '../random/random';
import type {Vocabulary} from '../text/vocabulary';

export interface SelfCriticalSettings extends StepKey {
  readonly samples: number;
  readonly baseline: 'others' | 'greedy';
  readonly maximumLength: number;
  readonly temperature: number;
}

export interface SampledBatch {
  readonly batch: Batch;
  /** Advantage of each caption, its weight in the loss. */
  readonly shares: readonly number[];
  /** Mean reward of the samples, 0 to 10. */
  readonly reward: number;
}

/** Separates these random numbers from those of dropout, which have the same seed. */
const stream = 0x5ca1;

/**
 * Samples captions of images and computes their advantages.
 *
 * @param features Features of the images, as the decoder reads them.
 * @param images Ids of the images, each once, however many references it has.
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

/** Marks the end of a sentence; no caption contains it, since the tokenizer splits it. */
const end = '<end>';

/**
 * Rewards of captions: CIDEr-D against the image's references. The end of the sentence counts as a word, in captions as in references; without
 * it, incomplete sentences pay off (arXiv 2305.12254).
 */
export class Rewards {
  readonly #frequencies: DocumentFrequencies;
  readonly #references: ReadonlyMap<string, readonly CiderVector[]>;

  /** @param images Training images; document frequencies are those of their captions. */
  constructor(images: readonly Pick<CaptionedImage, 'id' | 'captions'>[]) {
    const words = images.map(({captions}) => captions.map((caption) => [...metricTokens(caption), end]));
    this.#frequencies = DocumentFrequencies.of(words);
    this.#references = new Map(
      images.map(({id}, at) => [id, words[at]!.map((own) => ciderVector(own, this.#frequencies))]),
    );
  }

  /**
   * Returns the reward of a caption, 0 to 10.
   *
   * @param finished Whether the caption ended by itself.
   */
  of(id: string, caption: string, finished: boolean): number {
    const words: Words = [...metricTokens(caption), ...(finished ? [end] : [])];
    return ciderScore(ciderVector(words, this.#frequencies), this.#references.get(id)!);
  }
}

/**
 * Returns how much better each sample is than its baseline: the mean of the image's other samples (Luo 2020, arXiv 2003.09971), or the
 * image's greedy caption.
 *
 * @param rewards Rewards of each image's samples.
 * @param baselines Rewards of each image's greedy caption; if absent, the mean of the other samples.
 */
export function advantages(
  rewards: readonly (readonly number[])[],
  baselines?: readonly number[],
): number[][] {
  return rewards.map((own, image) => {
    const sum = own.reduce((all, one) => all + one, 0);
    return own.map((reward) => reward - (baselines?.[image] ?? (sum - reward) / (own.length - 1)));
  });
}
