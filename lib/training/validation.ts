/**
 * How good a decoder is on images it does not learn from. The work is cut into pieces, so that who asked can let other
 * events through in between, or stop.
 */
import {BatchPlan, type Example} from './batches';
import type {CaptionedImage} from '../datasets/dataset';
import type {FeatureSource} from '../features/source';
import type {Decoder} from '../decoders/decoder';
import type {SearchOptions} from '../search/beam-search';
import {throwIfStopped, type Interrupt} from '../interrupt';
import {captionBatch, scoreCaptions, type Writer} from '../evaluation/evaluate';
import {meteorWithoutTables} from '../metrics/meteor';
import {Scorer} from '../metrics/scorer';
import {tf} from '../tensorflow/tensorflow';
import type {EpochReport, PanelEntry} from '../checkpoints/history';
import {captionLoss} from './loss';
import type {TrainingData, Parts} from './training-data';
import type {Criterion, TrainerSettings} from './options';

/** Work that pauses after each piece. */
export type Chunked<T> = Generator<void, T, void>;

/** Mean cross entropy per word, teacher-forced, without dropout; NaN without captions. */
export function* lossOf(
  decoder: Decoder,
  features: FeatureSource,
  examples: readonly Example[],
): Chunked<number> {
  if (examples.length === 0) return NaN;
  const plan = new BatchPlan(examples, 128);
  let sum = 0;
  let words = 0;
  for (let at = 0; at < plan.length; at++) {
    const {ids, inputs, targets, size, steps} = plan.batch(at);
    const count = targets.reduce((all, id) => all + (id > 0 ? 1 : 0), 0);
    sum += tf.tidy(() => {
      const [read, next] = [inputs, targets].map((of) => tf.tensor2d(of, [size, steps], 'int32'));
      return count * captionLoss(decoder, features.read(ids), read!, next!).dataSync()[0]!;
    });
    words += count;
    yield;
  }
  return sum / words;
}

/** A free-running caption for each image. */
export function* captionsOf(
  writer: Writer,
  features: FeatureSource,
  images: readonly {readonly id: string}[],
  search: SearchOptions,
): Chunked<string[]> {
  const captions: string[] = [];
  for (let from = 0; from < images.length; from += 64) {
    captions.push(...captionBatch(writer, features, images.slice(from, from + 64), search));
    yield;
  }
  return captions;
}

/** Looks at a decoder after each epoch. */
export class Validator {
  /** Made anew when what is judged was changed under way. */
  #scorer: {readonly images: number; readonly meteor: boolean; readonly made: Promise<Scorer>} | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly material: TrainingData,
  ) {}

  /** @throws CaptionerError `stopped` */
  async epoch(
    settings: TrainerSettings,
    interrupt: Interrupt,
  ): Promise<Pick<EpochReport, 'validationLoss' | 'metrics' | 'panel'>> {
    const {parts} = this;
    const {judged, shown, validation} = this.material;
    const validationLoss = await runInterruptibly(
      lossOf(parts.decoder, parts.features, validation),
      interrupt,
    );
    const images = judged.slice(0, settings.validationImages);
    const captions = await runInterruptibly(
      captionsOf(parts, parts.features, images, searchOf(settings)),
      interrupt,
    );
    const metrics = images.length > 0 ? await this.#score(captions, images, settings) : {};
    return {validationLoss, metrics, panel: panelOf(parts, shown.slice(0, settings.panelImages), settings)};
  }

  async #score(
    captions: readonly string[],
    images: readonly CaptionedImage[],
    {selectBy, meteor}: TrainerSettings,
  ): Promise<Readonly<Record<string, number>>> {
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
    return (await scoreCaptions(captions, images, {scorer, progress: false})).metrics;
  }
}

/**
 * What the best epoch is chosen by: unless a metric is named, truth where it is known, as in drawn scenes, else CIDEr-D, which
 * was made for captions and rewards what is particular to an image.
 */
export function scoreOf(metrics: Readonly<Record<string, number>>, best: Criterion): number | undefined {
  if (best === 'auto') return metrics['factual'] ?? metrics['CIDEr-D'];
  return metrics[best] ?? (best === 'METEOR' ? metrics[meteorWithoutTables] : undefined);
}

/** Images with what the decoder says about them now. */
export function panelOf(
  parts: Parts,
  images: readonly CaptionedImage[],
  settings: TrainerSettings,
): PanelEntry[] {
  const captions = runToEnd(captionsOf(parts, parts.features, images, searchOf(settings)));
  return images.map(({id, file, captions: references}, at) => ({
    id,
    file,
    caption: captions[at]!,
    references,
  }));
}

function searchOf({beams, lengthPenalty, maximumLength}: TrainerSettings): SearchOptions {
  return {beams, lengthPenalty, maximumLength};
}

/** All pieces at once. */
export function runToEnd<T>(pieces: Chunked<T>): T {
  for (;;) {
    throwIfStopped();
    const {done, value} = pieces.next();
    if (done) return value;
  }
}

/** Piece by piece, with other events in between. @throws CaptionerError `stopped` */
export async function runInterruptibly<T>(pieces: Chunked<T>, interrupt: Interrupt): Promise<T> {
  for (;;) {
    await interrupt.pause();
    interrupt.throwIfRequested();
    const {done, value} = pieces.next();
    if (done) return value;
  }
}
