/** Evaluates a decoder: writes free-running captions of images and compares them with the references. */
import type {CaptionedImage} from '../datasets/dataset';
import {counted, description, setDescription} from '../description';
import type {FeatureSource} from '../features/source';
import type {StepDecoder} from '../decoders/decoder';
import {beamSearch, beamSearchSteps, type SearchOptions} from '../search/beam-search';
import {phrasesToIds, type WithText} from '../search/phrases';
import {interruptible, runInSteps, type Interrupt} from '../interrupt';
import {recordEvaluation} from '../report-record';
import {startProgress, type ProgressOptions} from '../show-progress';
import {foreignEnds, markersIn} from '../text/markers';
import {metricTokens} from '../text/metric-tokens';
import type {Vocabulary} from '../text/vocabulary';
import {alwaysZero} from '../metrics/always-zero';
import {captionWarnings, diversity, type Diversity} from '../metrics/diversity';
import {mean, type MetricStatistics} from '../metrics/statistics';
import {perImage, Scorer, totals} from '../metrics/scorer';

/** A decoder with the vocabulary of its word ids, which together write captions. */
export interface Writer {
  readonly decoder: StepDecoder;
  readonly vocabulary: Vocabulary;
  /** Maximum caption length where the search is given none. @default 24 */
  readonly maximumLength?: number | undefined;
}

/** The scores of captions. */
export interface CaptionScores {
  /** By name: BLEU-1 to BLEU-4, METEOR and ROUGE-L, 0 to 1; CIDEr-D, 0 to 10; for drawn scenes `factual`, 0 to 1. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Statistics that the scores were computed from, for intervals and comparisons. */
  readonly measured: readonly MetricStatistics[];
  /** The same metrics for each image. */
  readonly images: readonly Readonly<Record<string, number>>[];
  readonly diversity: Diversity;
  /** Warnings about the captions, one line each. */
  readonly warnings: readonly string[];
}

/** Captions and their scores. */
export interface Evaluation extends CaptionScores {
  readonly captions: readonly {readonly image_id: string; readonly caption: string}[];
  /** The captions in COCO's results format; images of COCO have their number as id. */
  readonly predictions: readonly {readonly image_id: string | number; readonly caption: string}[];
  /** Images that have no features and therefore no caption, and why; the warnings say it too. */
  readonly leftOut: readonly {readonly image_id: string; readonly reason: string}[];
}

/** Options of `evaluate`: those of the search, of the scores and of the display. */
export type EvaluateOptions = WithText<SearchOptions> & ScoreOptions & ProgressOptions;

/** Options of `scoreCaptions`. */
export interface ScoreOptions {
  /** Scorer of the same images, to be reused when they are scored more than once. */
  readonly scorer?: Scorer;
  /** Training captions, to determine which captions are novel. */
  readonly training?: readonly string[];
}

/** Images per batch. */
const batchSize = 64;

/**
 * Free-running captions of images whose features are at hand; those without are left out.
 *
 * @param options.scorer Scorer of all `images`, or of those that have features.
 * @throws CaptionerError `captions` when no image is left; `stopped`
 * @example await evaluate(captioner, store, ofSplit(dataset, 'test'), {beams: 3});
 */
export async function evaluate(
  writer: Writer,
  features: FeatureSource,
  images: readonly CaptionedImage[],
  {scorer, training, progress, ...search}: EvaluateOptions = {},
): Promise<Evaluation> {
  const usable = images.filter(({id}) => features.has(id));
  const written = await searchCaptions(writer, features, usable, {...search, progress});
  const captions = written.map(({caption}) => caption);
  const partly = usable.length < images.length && scorer?.references.length === images.length;
  const positions = [...images.keys()].filter((at) => features.has(images[at]!.id));
  const covering = partly ? scorer.select(positions) : scorer;
  const options = {...(covering && {scorer: covering}), ...(training && {training}), progress};
  const leftOut = images.flatMap(({id}) =>
    features.has(id) ? [] : [{image_id: id, reason: features.quarantined?.get(id) ?? 'no features'}],
  );
  const scores = await scoreCaptions(captions, usable, options);
  recordEvaluation(scores.metrics, usable.length);
  const evaluation: Evaluation = {
    ...scores,
    warnings: [...leftOutWarning(leftOut, images.length), ...scores.warnings, ...unfinishedWarning(written)],
    captions: usable.map(({id}, at) => ({image_id: id, caption: captions[at]!})),
    predictions: usable.map(({id, number}, at) => ({image_id: number ?? id, caption: captions[at]!})),
    leftOut,
  };
  return setDescription(evaluation, describeEvaluation);
}

function describeEvaluation({captions, leftOut, metrics, warnings}: Evaluation): string {
  const rounded = Object.entries(metrics).map(([name, score]) => [name, score.toFixed(4)] as const);
  return description(`Evaluation of captions of ${counted(captions.length, 'image')}`, {
    ...Object.fromEntries(rounded),
    'left out': leftOut.length > 0 && counted(leftOut.length, 'image'),
    'warnings': warnings.length > 0 && counted(warnings.length, 'warning'),
  });
}

function leftOutWarning(leftOut: Evaluation['leftOut'], images: number): string[] {
  if (leftOut.length === 0) return [];
  const some = leftOut.slice(0, 3).map(({image_id, reason}) => `${image_id} (${reason})`);
  const more = leftOut.length > some.length ? ', …' : '';
  return [`${leftOut.length} of ${images} images left out: ${some.join(', ')}${more}`];
}

/** The best hypothesis of a search in words. */
interface Written {
  readonly caption: string;
  /** Whether the caption ended, rather than being cut off at the maximum length. */
  readonly finished: boolean;
}

/** Says how many captions were cut off, if more than one in a hundred was. */
export function unfinishedWarning(written: readonly Written[]): string[] {
  const cut = written.filter(({finished}) => !finished);
  if (cut.length <= written.length / 100) return [];
  return [
    `${cut.length} of ${written.length} captions are cut off at the maximum length, such as "… ${cut[0]!.caption.slice(-30)}"; choose a greater maximumLength (--set maximumLength=N)`,
  ];
}

/**
 * @returns A caption for each image, the best hypothesis of the search.
 * @throws CaptionerError `options`; `stopped`
 */
export async function searchCaptions(
  {decoder, vocabulary, maximumLength}: Writer,
  source: FeatureSource,
  images: readonly {readonly id: string}[],
  {progress, ...options}: WithText<SearchOptions> & ProgressOptions = {},
): Promise<Written[]> {
  const search = phrasesToIds<SearchOptions>(
    {...(maximumLength !== undefined && {maximumLength}), ...options},
    vocabulary,
  );
  const captions: Written[] = [];
  const bar = startProgress({progress}, 'Captions', images.length);
  const stopped = (): string => `after ${captions.length} of ${images.length} captions`;
  try {
    await interruptible(
      async (interrupt) => {
        const pause = async (): Promise<void> => {
          await interrupt.pause();
          interrupt.throwIfRequested();
          await bar.update(captions.length);
        };
        for (let from = 0; from < images.length; from += batchSize) {
          await pause();
          const features = source.read(images.slice(from, from + batchSize).map(({id}) => id));
          try {
            const found = await runInSteps(beamSearchSteps(decoder, features, search), pause);
            for (const [best] of found)
              captions.push({caption: vocabulary.decode(best!.tokens), finished: best!.finished});
          } finally {
            features.dispose();
          }
        }
        await bar.update(captions.length);
      },
      {stopped, resumes: false},
    );
  } finally {
    await bar.finish();
  }
  return captions;
}

/** Captions images like `searchCaptions`, in one batch. */
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
 * @param captions One caption per image.
 * @throws CaptionerError `captions` when there are none; `stopped`
 */
export async function scoreCaptions(
  captions: readonly string[],
  scored: readonly Pick<CaptionedImage, 'captions' | 'verify'>[],
  {scorer, training, progress}: ScoreOptions & ProgressOptions = {},
): Promise<CaptionScores> {
  const references = scored.map((image) => image.captions);
  const own = scorer ?? (await Scorer.create(references, {progress}));
  const bar = startProgress({progress}, 'Scores', captions.length);
  const work = async (interrupt: Interrupt): Promise<CaptionScores> => {
    const pause = async (): Promise<void> => {
      await interrupt.pause();
      interrupt.throwIfRequested();
    };
    const found = await runInSteps(own.scoreSteps(captions), async (done) => {
      await pause();
      await bar.update(Math.floor(done * captions.length));
    });
    const measured = [...found, ...factual(captions, scored)];
    const tokensOf = async (texts: readonly string[]): Promise<string[][]> => {
      const all: string[][] = [];
      for (const text of texts) {
        all.push(metricTokens(text));
        await pause();
      }
      return all;
    };
    const learnt = await tokensOf(training ?? []);
    const tokens = await tokensOf(captions);
    await bar.update(captions.length);
    const metrics = totals(measured);
    const images = perImage(measured);
    await pause();
    const varied = diversity(tokens, training && learnt);
    await pause();
    return {
      metrics,
      measured,
      images,
      diversity: varied,
      warnings: [
        ...zeroWarnings(own, metrics),
        ...markerWarnings(captions, tokens, own.references),
        ...captionWarnings(tokens),
      ],
    };
  };
  try {
    return await interruptible(work, {stopped: () => 'while scoring captions', resumes: false});
  } finally {
    await bar.finish();
  }
}

/** Says what most captions begin or end with that is no word of the references. */
function markerWarnings(
  captions: readonly string[],
  tokens: readonly (readonly string[])[],
  references: Scorer['references'],
): string[] {
  const markers = markersIn(captions);
  const found = markers.length > 0 ? markers : foreignEnds(tokens, references);
  return found.length === 0
    ? []
    : [`most captions hold ${found.join(' and ')}, which no reference has; remove it before scoring`];
}

/** Says which scores are 0 whatever the captions are. */
function zeroWarnings(
  {references, frequencies}: Scorer,
  metrics: Readonly<Record<string, number>>,
): string[] {
  return Object.keys(metrics).flatMap((name) => {
    const reason = alwaysZero(name, references, frequencies);
    const hint = name === 'CIDEr-D' ? '; give it document frequencies of more images (--frequencies)' : '';
    return reason === undefined ? [] : [`${reason}${hint}`];
  });
}

/** The fraction of captions without a false claim, where every image can be verified. */
function factual(
  captions: readonly string[],
  images: readonly Pick<CaptionedImage, 'verify'>[],
): [] | [MetricStatistics] {
  const found = images.flatMap(({verify}, at) => (verify ? [verify(captions[at]!).length === 0] : []));
  return found.length === images.length && found.length > 0 ? [mean('factual', found.map(Number))] : [];
}
