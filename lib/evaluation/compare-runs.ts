/** Compares two runs image by image: both caption the same images, and a paired test says whether one is better by more than chance. */
import {basename} from 'node:path';
import {Captioner} from '../captioner';
import type {CaptionedImage, Dataset, Split} from '../datasets/dataset';
import {captionsOf, ofSplit} from '../datasets/image-list';
import type {InferenceViews} from '../encoders/augmentation';
import {counted, description, setDescription} from '../description';
import {CaptionerError} from '../errors';
import {storeFeatures} from '../features/open-features';
import {compareScores, type BootstrapOptions, type Comparison} from '../metrics/bootstrap';
import {Scorer} from '../metrics/scorer';
import {unknownName} from '../option-names';
import {shortPath, userPath} from '../paths';
import type {ProgressOptions} from '../show-progress';
import type {SearchOptions} from '../search/beam-search';
import type {WithText} from '../search/phrases';
import {evaluate, type EvaluateOptions, type Evaluation} from './evaluate';

/** A run or checkpoint, and how it writes captions. */
export interface ComparedRun extends WithText<SearchOptions>, InferenceViews {
  /** Folder of a run or checkpoint. */
  readonly run: string;
  /** Name in tables. @default that of the folder */
  readonly name?: string;
  /** Weight file of the encoder, where it is not the usual one. */
  readonly weights?: string;
  /** Its evaluation on the same images, where there is one already. */
  readonly evaluation?: Evaluation;
}

/** Options of `compareRuns`; those of the search hold for both runs unless a run has its own. */
export interface CompareRunsOptions extends WithText<SearchOptions>, BootstrapOptions, ProgressOptions {
  /** @default 'test', or 'validation' where there are no test images */
  readonly split?: Split;
  /** Metric that images are ordered by. @default 'CIDEr-D' */
  readonly metric?: string;
}

/** An image with the captions of both runs. */
export interface ComparedImage {
  readonly image: CaptionedImage;
  readonly captions: readonly [string, string];
  readonly scores: readonly [number, number];
  /** Score of the second run minus that of the first. */
  readonly difference: number;
}

/** The result of `compareRuns`. */
export interface RunComparison {
  readonly names: readonly [string, string];
  readonly split: Split;
  /** Metric that `images` are ordered by. */
  readonly metric: string;
  /** Comparisons by metric; `difference` is the second run's score minus the first's. */
  readonly scores: Readonly<Record<string, Comparison>>;
  readonly first: Evaluation;
  readonly second: Evaluation;
  /** Images whose captions differ, those whose scores differ most first. */
  readonly images: readonly ComparedImage[];
  /** Number of images that both captioned. */
  readonly compared: number;
}

/**
 * Compares two runs, or one with itself under other search options, on the images of a split.
 *
 * @param first Folder of a run or checkpoint, or how it writes captions.
 * @throws CaptionerError `options` for a metric that isn't computed; `dataset` when the split has no images; `mismatch` for an
 *   evaluation of other images; and as `Captioner.load`.
 * @example
 * const comparison = await compareRuns('checkpoints/lstm', 'checkpoints/attention', dataset, {beams: 5});
 */
export async function compareRuns(
  first: string | ComparedRun,
  second: string | ComparedRun,
  dataset: Dataset,
  {split: wanted, metric = 'CIDEr-D', progress, draws, seed, level, ...search}: CompareRunsOptions = {},
): Promise<RunComparison> {
  const runs = [first, second].map((run): ComparedRun => (typeof run === 'string' ? {run} : run));
  const split = wanted ?? (ofSplit(dataset, 'test').length > 0 ? 'test' : 'validation');
  const images = ofSplit(dataset, split);
  if (images.length === 0)
    throw new CaptionerError(
      'dataset',
      `${shortPath(dataset.folder)}: expected images of split ${split}, found none`,
    );
  const writers: Writer[] = [];
  try {
    for (const run of runs) writers.push(await writerOf(run, dataset, images, progress));
    const usable = images.filter(({id}) => writers.every(({has}) => has(id)));
    const scorer = await Scorer.create(usable.map(({captions}) => captions));
    const training = [...captionsOf(ofSplit(dataset, 'train'))];
    const found: Evaluation[] = [];
    for (const {evaluation} of writers)
      found.push(await evaluation(usable, {...search, scorer, training, progress}));
    const [one, two] = found as [Evaluation, Evaluation];
    if (!(metric in one.metrics))
      throw new CaptionerError('options', unknownName('metric', metric, Object.keys(one.metrics)));
    const bootstrap = {
      ...(draws !== undefined && {draws}),
      ...(seed !== undefined && {seed}),
      ...(level !== undefined && {level}),
    };
    const comparison: RunComparison = {
      names: namesOf(runs as [ComparedRun, ComparedRun]),
      split,
      metric,
      scores: compareScores(one.measured, two.measured, bootstrap),
      first: one,
      second: two,
      images: differing(usable, one, two, metric),
      compared: usable.length,
    };
    return setDescription(comparison, describeComparison);
  } finally {
    for (const {dispose} of writers) dispose();
  }
}

function describeComparison({names, metric, scores, compared, images}: RunComparison): string {
  const {first, second, p} = scores[metric]!;
  return description(`Comparison of ${names.join(' with ')} on ${counted(compared, 'image')}`, {
    [metric]: `${first.toFixed(4)} and ${second.toFixed(4)}, p ${p < 0.001 ? '< 0.001' : p.toFixed(3)}`,
    'differing captions': images.length,
  });
}

/** A run that captions images, or has done so. */
interface Writer {
  /** Whether it can caption an image. */
  readonly has: (id: string) => boolean;
  readonly evaluation: (images: readonly CaptionedImage[], options: EvaluateOptions) => Promise<Evaluation>;
  readonly dispose: () => void;
}

async function writerOf(
  {run, name, weights, size, views, evaluation, ...own}: ComparedRun,
  dataset: Dataset,
  images: readonly CaptionedImage[],
  progress: ProgressOptions['progress'],
): Promise<Writer> {
  if (evaluation) return doneBefore(name ?? run, evaluation);
  const captioner = await Captioner.load(run, {
    ...(weights !== undefined && {weights: userPath(weights)}),
    ...(size !== undefined && {size}),
    ...(views !== undefined && {views}),
  });
  try {
    const kind = captioner.decoder.features;
    const store = await storeFeatures(captioner.encoder, dataset, images, {kind, progress});
    return {
      has: (id) => store.has(id),
      evaluation: (usable, options) => evaluate(captioner, store, usable, {...options, ...own}),
      dispose: () => captioner.dispose(),
    };
  } catch (error) {
    captioner.dispose();
    throw error;
  }
}

/** A run that has captioned the images already. */
function doneBefore(run: string, evaluation: Evaluation): Writer {
  const ids = new Set(evaluation.captions.map(({image_id}) => image_id));
  return {
    has: (id) => ids.has(id),
    evaluation: (images) => {
      if (images.length === ids.size) return Promise.resolve(evaluation);
      throw new CaptionerError(
        'mismatch',
        `compareRuns: \`evaluation\` of ${run}: expected captions of the ${images.length} images that both runs can caption, got captions of ${ids.size} images`,
      );
    },
    dispose: () => undefined,
  };
}

/** The names of two runs; where both are the same, numbered. */
function namesOf(runs: readonly [ComparedRun, ComparedRun]): [string, string] {
  const [a, b] = runs.map(({run, name}) => name ?? basename(userPath(run))) as [string, string];
  if (a !== b) return [a, b];
  const [x, y] = runs.map(({run}) => shortPath(userPath(run))) as [string, string];
  return x === y ? [`${a} (1)`, `${b} (2)`] : [x, y];
}

function differing(
  images: readonly CaptionedImage[],
  one: Evaluation,
  two: Evaluation,
  metric: string,
): ComparedImage[] {
  return images
    .map((image, at): ComparedImage => {
      const scores = [one.images[at]![metric]!, two.images[at]![metric]!] as const;
      const captions = [one.captions[at]!.caption, two.captions[at]!.caption] as const;
      return {image, captions, scores, difference: scores[1] - scores[0]};
    })
    .filter(({captions}) => captions[0] !== captions[1])
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference));
}
