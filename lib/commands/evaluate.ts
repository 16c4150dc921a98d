/** `captioner evaluate` and `captioner score`: score the captions of a checkpoint, or captions from any source. */
import {Captioner} from '../captioner';
import {captionsOf, ofSplit} from '../datasets/image-list';
import {checkLeftOut, checkMissing, missingOf} from '../datasets/missing';
import {counted} from '../description';
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
import {readCandidates, readReferences, writePredictions} from './caption-tables';
import {open, splitOption} from './data';
import {storeWithProgress} from './features';
import {checkpointsOf, print, searchOf, seeingOf, warn, weightsOf, writeJson, type SearchFlags} from './io';

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
  /** Whether more than one image in a hundred may be missing. */
  readonly allowMissing?: boolean;
}

export async function evaluate(flags: EvaluateFlags): Promise<void> {
  const split = splitOption(flags.split);
  const search = searchOf(flags);
  const dataset = await open(flags.data);
  const images = ofSplit(dataset, split);
  if (images.length === 0)
    throw new CaptionerError('dataset', `${dataset.folder}: expected images of split ${split}, found none`);
  const missing = checkMissing(dataset, split, flags);
  if (missing !== undefined) warn(missing);
  const captioner = await Captioner.load(checkpointsOf(flags), {...weightsOf(flags), ...seeingOf(flags)});
  const store = await storeWithProgress(captioner.encoder, dataset, images, {
    kind: captioner.decoder.features,
  });
  const usable = images.filter(({id}) => store.has(id));
  const leftOut = missingOf(dataset, split).length + images.length - usable.length;
  checkLeftOut(`${dataset.folder}: ${split}`, leftOut, usable.length, flags);
  const references = usable.map(({captions}) => captions);
  const found = await evaluateCaptions(captioner, store, usable, {
    ...search,
    progress: later(progress),
    scorer: await Scorer.create(references, frequenciesOf(flags)),
    training: [...captionsOf(ofSplit(dataset, 'train'))],
  });
  if (flags.predictions !== undefined) await writePredictions(flags.predictions, found.predictions);
  await report(found, found.predictions, flags, leftOut);
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
  const {pairs, unused} = pairCaptions(readCandidates(flags.candidates), readReferences(flags.references));
  const rivals = flags.against === undefined ? undefined : captionsOfSame(pairs, flags.against, flags);
  if (unused.length > 0)
    warn(
      `${unused.length} of ${unused.length + pairs.length} images have references but no caption, and are left out: ${unused.slice(0, 3).join(', ')}${unused.length > 3 ? ', …' : ''}`,
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
    unused.length,
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
  const others = pairCaptions(readCandidates(file), readReferences(references)).pairs;
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
  leftOut: number,
): Promise<void> {
  if (json !== undefined) await writeJson(json, {...metrics, ...diversity, images: captions.length, leftOut});
  if (perImage !== undefined)
    await writeJson(
      perImage,
      captions.map((caption, at) => ({...caption, ...images[at]})),
    );
  const of = leftOut === 0 ? '' : ` of ${captions.length + leftOut}; ${leftOut} left out`;
  print(`Scores of ${counted(captions.length, 'image')}${of}:`);
  const ranges = intervals(measured);
  for (const [name, value] of Object.entries(metrics)) {
    const {low, high} = ranges[name]!;
    print(`${name.padEnd(8)} ${value.toFixed(4)}  (${low.toFixed(4)} to ${high.toFixed(4)})`);
  }
  for (const [name, value] of Object.entries(diversity))
    print(`${name.padEnd(10)} ${Number.isInteger(value) ? value : value.toFixed(3)}`);
  print(
    'METEOR has the stems, synonyms and paraphrases of English; in other languages only equal words match.',
  );
  print('SPICE is not computed.');
  for (const warning of warnings) warn(warning);
}

function frequenciesOf({frequencies}: ReportFlags): {frequencies?: DocumentFrequencies} {
  return frequencies === undefined ? {} : {frequencies: DocumentFrequencies.load(userPath(frequencies))};
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
}
