/**
 * Self-critical training (Rennie et al. 2017, arXiv 1612.00563): the decoder writes captions by chance; those that are better than
 * what it would have written otherwise become more likely, the others less (REINFORCE with a baseline of its own).
 */
import type {CaptionedImage} from '../datasets/dataset';
import {ciderScore, ciderVector, type CiderVector} from '../metrics/cider';
import {DocumentFrequencies} from '../metrics/document-frequencies';
import type {Words} from '../metrics/statistics';
import {ptbTokenize} from '../text/ptb-tokenizer';
import {collate, type Batch} from './batches';
import type {Decoder} from '../decoders/decoder';
import {sample} from '../search/sampling';
import {greedySearch} from '../search/beam-search';
import type {tf} from '../tensorflow/tensorflow';
import {mix, type DropoutKey} from '../random/random';
import type {Vocabulary} from '../text/vocabulary';

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

/** No caption's word, since the tokenizer splits it. */
const end = '<end>';

/**
 * Rewards of captions: CIDEr-D against the image's references. The end of the sentence counts as a word, in captions as in references; without
 * it, broken endings pay off (arXiv 2305.12254).
 */
export class Rewards {
  readonly #frequencies: DocumentFrequencies;
  readonly #references: ReadonlyMap<string, readonly CiderVector[]>;

  /** @param images Those that are learnt from; n-grams are as rare as they are among their captions. */
  constructor(images: readonly Pick<CaptionedImage, 'id' | 'captions'>[]) {
    const words = images.map(({captions}) => captions.map((caption) => [...ptbTokenize(caption), end]));
    this.#frequencies = DocumentFrequencies.of(words);
    this.#references = new Map(
      images.map(({id}, at) => [id, words[at]!.map((own) => ciderVector(own, this.#frequencies))]),
    );
  }

  /**
   * @param finished Whether the caption ended by itself.
   * @returns 0 to 10.
   */
  of(id: string, caption: string, finished: boolean): number {
    const words: Words = [...ptbTokenize(caption), ...(finished ? [end] : [])];
    return ciderScore(ciderVector(words, this.#frequencies), this.#references.get(id)!);
  }
}

/**
 * How much better each sample is than what the decoder would have written otherwise: the mean of the image's other samples
 * (Luo 2020, arXiv 2003.09971), or what it writes without chance.
 *
 * @param rewards Of each image's samples.
 * @param baselines Of each image's greedy caption; absent: the mean of the other samples.
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
