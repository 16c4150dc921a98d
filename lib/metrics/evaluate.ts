/** How good a decoder's captions are: written freely for pictures it never learnt from, and held against people's. */
import type {CaptionedImage} from '../data/dataset';
import {falseClaims} from '../data/scenes';
import type {FeatureReader} from '../data/feature-reader';
import type {Decoder} from '../decoders/decoder';
import {beamSearch, type SearchOptions} from '../decoders/search';
import {tokenize} from '../text/tokenizer';
import type {Vocabulary} from '../text/vocabulary';
import {bleu} from './bleu';

/** What writes captions: a decoder and the words of its ids. */
export interface Writer {
  readonly decoder: Decoder;
  readonly vocabulary: Vocabulary;
}

export interface Evaluation {
  /** By name, 0 to 1: BLEU-1 to BLEU-4, and for drawn scenes the share of captions that are true. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly captions: readonly {readonly image_id: string; readonly caption: string}[];
  /** The same in COCO's form for results: an image that has a number in COCO goes by it, as in COCO's annotations. */
  readonly predictions: readonly {readonly image_id: string | number; readonly caption: string}[];
}

const pictures = 64;

/**
 * Free-running captions of images whose features lie in a store; those that it lacks are left out.
 *
 * @throws CaptionerError `captions` when no image is left.
 */
export function evaluate(
  writer: Writer,
  store: FeatureReader,
  images: readonly CaptionedImage[],
  options: SearchOptions = {},
): Evaluation {
  const usable = images.filter(({id}) => store.has(id));
  const captions = captionImages(writer, store, usable, options);
  return {
    metrics: scoreCaptions(captions, usable),
    captions: usable.map(({id}, at) => ({image_id: id, caption: captions[at]!})),
    predictions: usable.map(({id, number}, at) => ({image_id: number ?? id, caption: captions[at]!})),
  };
}

/** @returns A caption for each image, the best hypothesis of the search. */
export function captionImages(
  {decoder, vocabulary}: Writer,
  store: FeatureReader,
  images: readonly {readonly id: string}[],
  options: SearchOptions = {},
): string[] {
  const captions: string[] = [];
  for (let from = 0; from < images.length; from += pictures) {
    const features = store.read(images.slice(from, from + pictures).map(({id}) => id));
    for (const [best] of beamSearch(decoder, features, options))
      captions.push(vocabulary.decode(best!.tokens));
    features.dispose();
  }
  return captions;
}

/**
 * @param captions One for each image.
 * @throws CaptionerError `captions` when there are none.
 */
export function scoreCaptions(
  captions: readonly string[],
  images: readonly CaptionedImage[],
): Record<string, number> {
  const references = images.map((image) => image.captions.map(tokenize));
  const scores: Record<string, number> = {...bleu(captions.map(tokenize), references)};
  const drawn = images.flatMap(({scene}, at) => (scene ? [falseClaims(captions[at]!, scene)] : []));
  if (drawn.length > 0) scores['true'] = drawn.filter((claims) => claims.length === 0).length / drawn.length;
  return scores;
}
