/**
 * Evaluates a decoder on images that it is not trained on. The work is divided into pieces, so that the caller can handle other events
 * in between, or stop.
 */
import {BatchPlan, padded} from './batches';
import type {Example, ExampleTable} from './example-table';
import type {CaptionedImage} from '../datasets/dataset';
import type {FeatureSource} from '../features/source';
import type {Decoder} from '../decoders/decoder';
import {beamSearch, type SearchOptions} from '../search/beam-search';
import {throwIfStopped, type Interrupt} from '../interrupt';
import {captionBatch, scoreCaptions, type Writer} from '../evaluation/evaluate';
import {intervals} from '../metrics/bootstrap';
import {meteorWithoutTables} from '../metrics/meteor';
import {Scorer} from '../metrics/scorer';
import {tf} from '../tensorflow/tensorflow';
import type {EpochReport, PanelEntry} from '../checkpoints/history';
import {attentionShift, mostFrequentCaption} from './alarms';
import type {EpochEvent} from './events';
import {compiledLoss, countWords, lossInputs, settingsOf} from './loss';
import type {TrainingData, Parts} from './training-data';
import type {Criterion, TrainerSettings} from './options';

/** Work that pauses after each piece and says how much is done. */
export type Chunked<T> = Generator<number, T, void>;

/** Is told how far validation has come. */
export type OnValidation = (unit: 'captions' | 'images', done: number, total: number) => void | Promise<void>;

/** Results of validation: the scores of an epoch's report, and figures for its alarms. */
export type ValidationFindings = Pick<EpochReport, 'validationLoss' | 'metrics' | 'intervals' | 'panel'> & {
  readonly more: Pick<EpochEvent, 'mostFrequent' | 'attentionShift'>;
};

/** Computes the mean cross entropy per word, teacher-forced, without dropout; NaN without captions. */
export function* lossOf(
  decoder: Decoder,
  features: FeatureSource,
  examples: readonly Example[] | ExampleTable,
): Chunked<number> {
  if (examples.length === 0) return NaN;
  const plan = new BatchPlan(examples, 128);
  let [sum, words, done] = [0, 0, 0];
  for (let at = 0; at < plan.length; at++) {
    const batch = plan.batch(at);
    const captions = padded(batch);
    const count = countWords(captions.targets);
    sum += tf.tidy(() => {
      const ids = Array.from({length: captions.size}, (_, row) => batch.ids[row] ?? batch.ids[0]!);
      const inputs = lossInputs(decoder, features.read(ids), captions);
      return count * compiledLoss(decoder, inputs, settingsOf()).dataSync()[0]!;
    });
    words += count;
    yield (done += batch.size);
  }
  return sum / words;
}

/** Writes a free-running caption for each image. */
export function* captionsOf(
  writer: Writer,
  features: FeatureSource,
  images: readonly {readonly id: string}[],
  search: SearchOptions,
): Chunked<string[]> {
  const captions: string[] = [];
  for (let from = 0; from < images.length; from += 64) {
    captions.push(...captionBatch(writer, features, images.slice(from, from + 64), search));
    yield captions.length;
  }
  return captions;
}

/** Evaluates a decoder after each epoch. */
export class Validator {
  /** Created again when the number of images or the metrics change. */
  #scorer: {readonly images: number; readonly meteor: boolean; readonly made: Promise<Scorer>} | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly material: TrainingData,
  ) {}

  /** @throws CaptionerError `stopped` */
  async epoch(
    settings: TrainerSettings,
    interrupt: Interrupt,
    onProgress: OnValidation,
  ): Promise<ValidationFindings> {
    const {parts} = this;
    const {judged, shown, validation} = this.material;
    const losses = lossOf(parts.decoder, parts.features, validation);
    const validationLoss = await runInterruptibly(losses, interrupt, (done) =>
      onProgress('captions', done, validation.length),
    );
    const images = judged.slice(0, settings.validationImages);
    const search = captionsOf(parts, parts.features, images, searchOf(settings));
    const captions = await runInterruptibly(search, interrupt, (done) =>
      onProgress('images', done, images.length),
    );
    const scores = images.length > 0 ? await this.#score(captions, images, settings) : {metrics: {}};
    const {panel, shift} = panelWithShift(parts, shown.slice(0, settings.panelImages), settings);
    const mostFrequent = mostFrequentCaption(captions);
    const more = {...(mostFrequent && {mostFrequent}), ...(shift !== undefined && {attentionShift: shift})};
    return {validationLoss, ...scores, panel, more};
  }

  async #score(
    captions: readonly string[],
    images: readonly CaptionedImage[],
    {selectBy, meteor}: TrainerSettings,
  ): Promise<Pick<EpochReport, 'metrics' | 'intervals'>> {
    const wanted = meteor || selectBy === 'METEOR';
    if (this.#scorer?.images !== images.length || this.#scorer.meteor !== wanted) {
      const made = Scorer.create(
        images.map((image) => image.captions),
        {meteor: wanted, progress: false},
      );
      this.#scorer = {images: images.length, meteor: wanted, made};
      // A stop while it is made must not stop the next attempt.
      made.catch(() => (this.#scorer = undefined));
    }
    const scorer = await this.#scorer.made;
    const {metrics, measured} = await scoreCaptions(captions, images, {scorer, progress: false});
    return {metrics, intervals: intervals(measured)};
  }
}

/**
 * Returns the score that selects the best epoch: unless a metric is named, `factual` if captions can be verified, as in drawn scenes,
 * else CIDEr-D, which was made for captions and rewards what is specific to an image.
 */
export function scoreOf(metrics: Readonly<Record<string, number>>, best: Criterion): number | undefined {
  if (best === 'auto') return metrics['factual'] ?? metrics['CIDEr-D'];
  return metrics[best] ?? (best === 'METEOR' ? metrics[meteorWithoutTables] : undefined);
}

/** Captions the images of the panel. */
export function panelOf(
  parts: Parts,
  images: readonly CaptionedImage[],
  settings: TrainerSettings,
): PanelEntry[] {
  return panelWithShift(parts, images, settings).panel;
}

/** As `panelOf`, with how far attention moves from word to word. */
function panelWithShift(
  {decoder, features: source, vocabulary}: Parts,
  images: readonly CaptionedImage[],
  settings: TrainerSettings,
): {readonly panel: PanelEntry[]; readonly shift: number | undefined} {
  if (images.length === 0) return {panel: [], shift: undefined};
  const features = source.read(images.map(({id}) => id));
  try {
    const best = beamSearch(decoder, features, searchOf(settings)).map(([hypothesis]) => hypothesis!);
    const panel = images.map(({id, file, captions: references}, at) => ({
      id,
      file,
      caption: vocabulary.decode(best[at]!.tokens),
      references,
    }));
    return {panel, shift: attentionShift(best.map(({attention}) => attention))};
  } finally {
    features.dispose();
  }
}

function searchOf({beams, lengthPenalty, maximumLength}: TrainerSettings): SearchOptions {
  return {beams, lengthPenalty, maximumLength};
}

/** Runs all pieces at once. */
export function runToEnd<T>(pieces: Chunked<T>): T {
  for (;;) {
    throwIfStopped();
    const {done, value} = pieces.next();
    if (done) return value;
  }
}

/** Runs piece by piece, with other events in between. @throws CaptionerError `stopped` */
export async function runInterruptibly<T>(
  pieces: Chunked<T>,
  interrupt: Interrupt,
  onProgress: (done: number) => void | Promise<void> = () => undefined,
): Promise<T> {
  for (;;) {
    await interrupt.pause();
    interrupt.throwIfRequested();
    const {done, value} = pieces.next();
    if (done) return value;
    await onProgress(value);
  }
}
