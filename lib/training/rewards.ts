/**
 * What self-critical training (Rennie et al. 2017, arXiv 1612.00563) wants more of: CIDEr-D of whole captions. The end of the sentence
 * counts as a word, in captions as in references; without it broken endings pay off (arXiv 2305.12254).
 */
import type {CaptionedImage} from '../datasets/dataset';
import {ciderScore, ciderVector, type CiderVector} from '../metrics/cider';
import {DocumentFrequencies} from '../metrics/document-frequencies';
import type {Words} from '../metrics/statistics';
import {ptbTokenize} from '../text/ptb-tokenizer';

/** No caption's word, since the tokenizer splits it. */
const end = '<end>';

/** The rewards of self-critical training: CIDEr-D of captions against the references of their image. */
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
