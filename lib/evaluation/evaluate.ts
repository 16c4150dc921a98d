/** How good a decoder's captions are: written freely for images it never learnt from, and held against people's. */
import type {CaptionedImage} from '../datasets/dataset';
import type {FeatureSource} from '../features/source';
import type {StepDecoder} from '../decoders/decoder';
import {beamSearch, type SearchOptions} from '../search/beam-search';
import {phrasesToIds, type WithText} from '../search/phrases';
import {interruptible} from '../interrupt';
import {recordEvaluation} from '../report-record';
import {ptbTokenize} from '../text/ptb-tokenizer';
import type {Vocabulary} from '../text/vocabulary';
import {captionWarnings, diversity, type Diversity} from '../metrics/diversity';
import {mean, type MetricStatistics} from '../metrics/statistics';
import {perImage, Scorer, totals} from '../metrics/scorer';

/** What writes captions: a decoder and the words of its ids. */
export interface Writer {
  readonly decoder: StepDecoder;
  readonly vocabulary: Vocabulary;
}

/** The scores of captions. */
export interface CaptionScores {
  /** By name: BLEU-1 to BLEU-4, METEOR and ROUGE-L, 0 to 1; CIDEr-D, 0 to 10; for drawn scenes `true`, the share of captions that are. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What the scores were computed from: for intervals and comparisons. */
  readonly measured: readonly MetricStatistics[];
  /** The same metrics for each image. */
  readonly images: readonly Readonly<Record<string, number>>[];
  readonly diversity: Diversity;
  /** What looks wrong in the captions, a line each. */
  readonly warnings: readonly string[];
}

/** Captions and their scores. */
export interface Evaluation extends CaptionScores {
  readonly captions: readonly {readonly image_id: string; readonly caption: string}[];
  /** The same in COCO's form for results: an image that has a number in COCO goes by it, as in COCO's annotations. */
  readonly predictions: readonly {readonly image_id: string | number; readonly caption: string}[];
}

/** Options of `scoreCaptions`. */
export interface ScoreOptions {
  /** Of the same images, where they are scored more than once. */
  readonly scorer?: Scorer;
  /** Captions learnt from, to tell which are novel. */
  readonly training?: readonly string[];
}

/** Images captioned at once. */
const batchSize = 64;

/**
 * Free-running captions of images whose features are at hand; those without are left out.
 *
 * @throws CaptionerError `captions` when no image is left.
 */
export async function evaluate(
  writer: Writer,
  features: FeatureSource,
  images: readonly CaptionedImage[],
  {scorer, training, ...search}: WithText<SearchOptions> & ScoreOptions = {},
): Promise<Evaluation> {
  const usable = images.filter(({id}) => features.has(id));
  const captions = await captionImages(writer, features, usable, search);
  const scores = await scoreCaptions(captions, usable, {
    ...(scorer && {scorer}),
    ...(training && {training}),
  });
  recordEvaluation(scores.metrics);
  return {
    ...scores,
    captions: usable.map(({id}, at) => ({image_id: id, caption: captions[at]!})),
    predictions: usable.map(({id, number}, at) => ({image_id: number ?? id, caption: captions[at]!})),
  };
}

/**
 * @returns A caption for each image, the best hypothesis of the search.
 * @throws CaptionerError `options`; `stopped`
 */
export async function captionImages(
  writer: Writer,
  features: FeatureSource,
  images: readonly {readonly id: string}[],
  options: WithText<SearchOptions> = {},
): Promise<string[]> {
  const captions: string[] = [];
  const stopped = (): string => `after ${captions.length} of ${images.length} captions`;
  await interruptible(
    async (interrupt) => {
      for (let from = 0; from < images.length; from += batchSize) {
        captions.push(...captionBatch(writer, features, images.slice(from, from + batchSize), options));
        await interrupt.pause();
        interrupt.throwIfRequested();
      }
    },
    {stopped},
  );
  return captions;
}

/** As `captionImages`, all at once. */
export function captionBatch(
  {decoder, vocabulary}: Writer,
  source: FeatureSource,
  images: readonly {readonly id: string}[],
  options: WithText<SearchOptions> = {},
): string[] {
  const search = phrasesToIds<SearchOptions>(options, vocabulary);
  const features = source.read(images.map(({id}) => id));
  try {
    return beamSearch(decoder, features, search).map(([best]) => vocabulary.decode(best!.tokens));
  } finally {
    features.dispose();
  }
}

/**
 * Scores captions against the references of their images.
 *
 * @param captions One for each image.
 * @throws CaptionerError `captions` when there are none.
 */
export async function scoreCaptions(
  captions: readonly string[],
  images: readonly Pick<CaptionedImage, 'captions' | 'verify'>[],
  {scorer, training}: ScoreOptions = {},
): Promise<CaptionScores> {
  const own = scorer ?? (await Scorer.create(images.map((image) => image.captions)));
  const measured = [...own.score(captions), ...factual(captions, images)];
  const tokens = captions.map(ptbTokenize);
  return {
    metrics: totals(measured),
    measured,
    images: perImage(measured),
    diversity: diversity(tokens, training?.map(ptbTokenize)),
    warnings: captionWarnings(tokens),
  };
}

/** The fraction of captions without a false claim, where every image can be verified. */
function factual(
  captions: readonly string[],
  images: readonly Pick<CaptionedImage, 'verify'>[],
): [] | [MetricStatistics] {
  const found = images.flatMap(({verify}, at) => (verify ? [verify(captions[at]!).length === 0] : []));
  return found.length === images.length && found.length > 0 ? [mean('factual', found.map(Number))] : [];
}
