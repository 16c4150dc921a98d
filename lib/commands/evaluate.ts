/** `captioner evaluate` and `captioner score`: score the captions of a checkpoint, or captions from any source. */
import {Captioner} from '../captioner';
import {ofSplit, splits} from '../datasets/dataset';
import {CaptionerError} from '../errors';
import {compareScores, intervals} from '../metrics/bootstrap';
import type {InferenceViews} from '../encoders/augmentation';
import {DocumentFrequencies} from '../metrics/document-frequencies';
import {evaluate as evaluateCaptions, scoreCaptions, type CaptionScores} from '../evaluation/evaluate';
import {scoresByWord, type WordScore} from '../evaluation/scores-by-word';
import {pairCaptions, type Pair} from '../metrics/predictions';
import {Scorer} from '../metrics/scorer';
import {userPath} from '../paths';
import {later} from '../show-progress';
import {formatProbability} from '../show/number-format';
import {progress} from '../show/progress';
import {open} from './data';
import {storeWithProgress} from './features';
import {
  checkpointsOf,
  print,
  readJson,
  searchOf,
  seeingOf,
  warn,
  weightsOf,
  writeJson,
  type SearchFlags,
} from './io';

interface ReportFlags {
  readonly json?: string;
  readonly perImage?: string;
  /** File of document frequencies for CIDEr-D. */
  readonly frequencies?: string;
}

export interface EvaluateFlags extends ReportFlags, SearchFlags, InferenceViews {
  readonly checkpoint?: readonly string[];
  readonly data: string;
  readonly split: string;
  readonly weights?: string;
  readonly predictions?: string;
  /** Number of words to list whose images get the best and the worst captions. */
  readonly kinds?: number;
}

export async function evaluate(flags: EvaluateFlags): Promise<void> {
  const split = splits.find((name) => name === flags.split);
  if (split === undefined)
    throw new CaptionerError('options', `Expected --split ${splits.join(', ')}, got ${flags.split}`);
  const search = searchOf(flags);
  const dataset = await open(flags.data);
  const images = ofSplit(dataset, split);
  if (images.length === 0)
    throw new CaptionerError('dataset', `${dataset.folder}: expected images of split ${split}, found none`);
  const captioner = await Captioner.load(checkpointsOf(flags), {...weightsOf(flags), ...seeingOf(flags)});
  const store = await storeWithProgress(captioner.encoder, dataset, images, {
    kind: captioner.decoder.features,
  });
  const usable = images.filter(({id}) => store.has(id));
  const references = usable.map(({captions}) => captions);
  const found = await evaluateCaptions(captioner, store, usable, {
    ...search,
    progress: later(progress),
    scorer: await Scorer.create(references, frequenciesOf(flags)),
    training: ofSplit(dataset, 'train').flatMap(({captions}) => captions),
  });
  if (flags.predictions !== undefined) await writeJson(flags.predictions, found.predictions);
  await report(found, found.predictions, flags);
  if (flags.kinds !== undefined) printKinds(found, usable, flags.kinds);
}

function printKinds(
  {images: scores}: CaptionScores,
  images: readonly {readonly captions: readonly string[]}[],
  count: number,
): void {
  const all = scoresByWord(
    images,
    scores.map((own) => own['CIDEr-D']!),
  );
  const lines = (of: readonly WordScore[]): string[] =>
    of.map(({word, score, images: count}) => `${score.toFixed(3)}  ${word} (${count} images)`);
  for (const [title, some] of [
    ['Best, by CIDEr-D of the images that the word describes:', all.slice(0, count)],
    ['Worst:', all.slice(-count).reverse()],
  ] as const)
    print(['', title, ...lines(some)].join('\n'));
}

export interface ScoreFlags extends ReportFlags {
  readonly references: string;
  readonly candidates: string;
  /** File of other captions of the same images, to compare with. */
  readonly against?: string;
  readonly saveFrequencies?: string;
}

export async function score(flags: ScoreFlags): Promise<void> {
  const {pairs, unused} = pairCaptions(readJson(flags.candidates), readJson(flags.references));
  const rivals = flags.against === undefined ? undefined : captionsOfSame(pairs, flags.against, flags);
  if (unused.length > 0)
    warn(
      `${unused.length} images have references but no caption, and are left out; the first is ${unused[0]!}`,
    );
  const captions = pairs.map(({candidate}) => candidate);
  const images = pairs.map(({references}) => ({captions: references}));
  const scorer = await Scorer.create(
    images.map((image) => image.captions),
    frequenciesOf(flags),
  );
  if (flags.saveFrequencies !== undefined) await scorer.frequencies.save(userPath(flags.saveFrequencies));
  const found = await scoreCaptions(captions, images, {scorer});
  await report(
    found,
    pairs.map(({id, candidate}) => ({image_id: id, caption: candidate})),
    flags,
  );
  if (rivals === undefined) return;
  print(`\n${flags.against!} minus ${flags.candidates}:`);
  for (const [name, {difference, low, high, p}] of Object.entries(
    compareScores(found.measured, scorer.score(rivals)),
  ))
    print(
      `${name.padEnd(8)} ${signed(difference)}  (${signed(low)} to ${signed(high)}, p ${formatProbability(p)})`,
    );
}

/** Reads other captions of the same images, in their order. */
function captionsOfSame(
  pairs: readonly Pair[],
  file: string,
  {references}: Pick<ScoreFlags, 'references'>,
): string[] {
  const others = pairCaptions(readJson(file), readJson(references)).pairs;
  const byId = new Map(others.map(({id, candidate}) => [id, candidate]));
  const missing = pairs.find(({id}) => !byId.has(id));
  if (missing || others.length !== pairs.length)
    throw new CaptionerError(
      'captions',
      `${file}: expected captions of the same ${pairs.length} images, got ${others.length}${missing ? `, without ${missing.id}` : ''}`,
    );
  return pairs.map(({id}) => byId.get(id)!);
}

/** Prints scores with their intervals, and writes them as JSON if a file is named. */
async function report(
  {metrics, measured, images, diversity, warnings}: CaptionScores,
  captions: readonly {readonly image_id: string | number; readonly caption: string}[],
  {json, perImage}: ReportFlags,
): Promise<void> {
  if (json !== undefined) await writeJson(json, {...metrics, ...diversity});
  if (perImage !== undefined)
    await writeJson(
      perImage,
      captions.map((caption, at) => ({...caption, ...images[at]})),
    );
  const ranges = intervals(measured);
  for (const [name, value] of Object.entries(metrics)) {
    const {low, high} = ranges[name]!;
    print(`${name.padEnd(8)} ${value.toFixed(4)}  (${low.toFixed(4)} to ${high.toFixed(4)})`);
  }
  for (const [name, value] of Object.entries(diversity))
    print(`${name.padEnd(10)} ${Number.isInteger(value) ? value : value.toFixed(3)}`);
  print('SPICE is not computed.');
  for (const warning of warnings) warn(warning);
}

function frequenciesOf({frequencies}: ReportFlags): {frequencies?: DocumentFrequencies} {
  return frequencies === undefined ? {} : {frequencies: DocumentFrequencies.load(userPath(frequencies))};
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
}
