/** Measures how good a model's captions are: it captions the images of a split, and everything that a card says of them comes from here. */
import {Captioner} from '../captioner';
import type {CaptionedImage, Dataset, Split} from '../datasets/dataset';
import {captionsOf, ofSplit} from '../datasets/image-list';
import {checkLeftOut, checkMissing, missingOf} from '../datasets/missing';
import {CaptionerError} from '../errors';
import {scoreCaptions, searchCaptions, unfinishedWarning, type CaptionScores} from '../evaluation/evaluate';
import {peopleInCaptions, type PeopleInCaptions} from '../evaluation/people';
import {scoresByWord, type WordScore} from '../evaluation/scores-by-word';
import {wordUse, type WordUse} from '../evaluation/word-use';
import {storeFeatures} from '../features/open-features';
import {intervals, type Interval} from '../metrics/bootstrap';
import type {SearchOptions} from '../search/beam-search';
import type {WithText} from '../search/phrases';
import type {ProgressOptions} from '../show-progress';

/** An image with its caption and what is wrong with it. */
export interface Captioning {
  readonly id: string;
  readonly file: string;
  readonly caption: string;
  readonly references: readonly string[];
  /** CIDEr-D of the caption. */
  readonly score: number;
  /** Claims of the caption that are false; undefined where the truth isn't known. */
  readonly falseClaims?: readonly string[] | undefined;
}

/** Measurements for a model card. */
export interface Assessment {
  readonly split: Split;
  /** Images that were captioned. */
  readonly images: number;
  /** Images of the split. */
  readonly of: number;
  readonly search: WithText<SearchOptions>;
  readonly size: number;
  readonly scores: Readonly<Record<string, Interval & {readonly value: number}>>;
  readonly diversity: CaptionScores['diversity'];
  readonly warnings: readonly string[];
  /** Images spread evenly over the split, not chosen by how well they are captioned. */
  readonly panel: readonly Captioning[];
  /** The lowest scores, the lowest first. */
  readonly worst: readonly Captioning[];
  /** Captions with false claims, those with most first; undefined where the truth isn't known. */
  readonly false?: readonly Captioning[] | undefined;
  /** Best first. */
  readonly words: readonly WordScore[];
  readonly wordUse: readonly WordUse[];
  readonly people: PeopleInCaptions;
}

export interface AssessmentOptions extends ProgressOptions {
  readonly split: Split;
  /** Whether more than one image in a hundred may be missing. @default false */
  readonly allowMissing?: boolean | undefined;
  /** Number of images of the split at most, the first ones. */
  readonly limit?: number | undefined;
  /** Images of the panel. */
  readonly panelImages: number;
  /** Images with the lowest scores. */
  readonly worstImages: number;
  readonly search?: WithText<SearchOptions> | undefined;
  /** Weight file of the encoder. */
  readonly weights?: string | undefined;
}

/** @throws CaptionerError `dataset` for a split without images; `stopped`; and as `Captioner.load` and `FeatureStore.build` */
export async function assess(
  run: string,
  dataset: Dataset,
  {
    split,
    limit = Infinity,
    panelImages,
    worstImages,
    search = {},
    weights,
    progress,
    ...options
  }: AssessmentOptions,
): Promise<Assessment> {
  const all = ofSplit(dataset, split);
  const chosen = all.slice(0, limit);
  if (chosen.length === 0)
    throw new CaptionerError('dataset', `${dataset.folder}: expected images of split ${split}, found none`);
  const allowMissing = options.allowMissing ?? false;
  const missing = checkMissing(dataset, split, {allowMissing});
  const captioner = await Captioner.load(run, weights === undefined ? {} : {weights});
  try {
    const store = await storeFeatures(captioner.encoder, dataset, chosen, {
      kind: captioner.decoder.features,
      progress,
    });
    const images = chosen.filter(({id}) => store.has(id));
    checkLeftOut(`${dataset.folder}: ${split}`, chosen.length - images.length, images.length, {allowMissing});
    const written = await searchCaptions(captioner, store, images, {...search, progress});
    const captions = written.map(({caption}) => caption);
    const training = [...captionsOf(ofSplit(dataset, 'train'))];
    const scored = await scoreCaptions(captions, images, {training, progress});
    const found = images.map((image, at) => captioning(image, captions[at]!, scored.images[at]!));
    const ranges = intervals(scored.measured);
    const wrong = found.filter(({falseClaims}) => falseClaims && falseClaims.length > 0);
    return {
      split,
      images: images.length,
      of: all.length + missingOf(dataset, split).length,
      search,
      size: captioner.encoder.preprocessing.size,
      scores: Object.fromEntries(
        Object.entries(scored.metrics).map(([name, value]) => [name, {value, ...ranges[name]!}]),
      ),
      diversity: scored.diversity,
      warnings: [
        ...(missing === undefined ? [] : [missing]),
        ...scored.warnings,
        ...unfinishedWarning(written),
      ],
      panel: spread(found, panelImages),
      worst: [...found].sort((a, b) => a.score - b.score).slice(0, worstImages),
      false: found.some(({falseClaims}) => falseClaims)
        ? wrong.sort((a, b) => b.falseClaims!.length - a.falseClaims!.length)
        : undefined,
      words: scoresByWord(
        images,
        found.map(({score}) => score),
      ),
      wordUse: wordUse(captions, images),
      people: peopleInCaptions(captions, images),
    };
  } finally {
    captioner.dispose();
  }
}

function captioning(
  {id, file, captions: references, verify}: CaptionedImage,
  caption: string,
  scores: Readonly<Record<string, number>>,
): Captioning {
  return {id, file, caption, references, score: scores['CIDEr-D']!, falseClaims: verify?.(caption)};
}

function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({length: count}, (_, at) => all[Math.floor((at * all.length) / count)]!);
}
