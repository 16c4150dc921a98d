/**
 * How good a decoder is on pictures it does not learn from. The work is cut into pieces, so that who asked can let other
 * events through in between, or stop.
 */
import {setImmediate as letEventsThrough} from 'node:timers/promises';
import {BatchPlan, type Example} from '../data/batches';
import type {CaptionedImage} from '../data/dataset';
import type {FeatureReader} from '../data/feature-reader';
import type {Decoder} from '../decoders/decoder';
import type {SearchOptions} from '../decoders/search';
import {captionImages, scoreCaptions, type Writer} from '../metrics/evaluate';
import {tf} from '../runtime/native';
import type {EpochReport, PanelEntry} from './history';
import {captionLoss} from './loss';
import type {Material, Parts} from './material';
import type {Settings} from './options';

/** Work that pauses after each piece. */
export type Pieces<T> = Generator<void, T, void>;

/** Mean cross entropy per word, teacher-forced, without dropout; NaN without captions. */
export function* lossOf(
  decoder: Decoder,
  store: FeatureReader,
  examples: readonly Example[],
): Pieces<number> {
  if (examples.length === 0) return NaN;
  const plan = new BatchPlan(examples, 128);
  let sum = 0;
  let words = 0;
  for (let at = 0; at < plan.length; at++) {
    const {ids, inputs, targets, size, steps} = plan.batch(at);
    const count = targets.reduce((all, id) => all + (id > 0 ? 1 : 0), 0);
    sum += tf.tidy(() => {
      const [read, next] = [inputs, targets].map((of) => tf.tensor2d(of, [size, steps], 'int32'));
      return count * captionLoss(decoder, store.read(ids), read!, next!).dataSync()[0]!;
    });
    words += count;
    yield;
  }
  return sum / words;
}

/** A free-running caption for each image. */
export function* captionsOf(
  writer: Writer,
  store: FeatureReader,
  images: readonly {readonly id: string}[],
  search: SearchOptions,
): Pieces<string[]> {
  const captions: string[] = [];
  for (let from = 0; from < images.length; from += 64) {
    captions.push(...captionImages(writer, store, images.slice(from, from + 64), search));
    yield;
  }
  return captions;
}

/** What is looked at after an epoch; undefined when `stopped` says so meanwhile. */
export async function judge(
  parts: Parts,
  {judged, shown, validation}: Material,
  settings: Settings,
  stopped: () => boolean,
): Promise<Pick<EpochReport, 'validationLoss' | 'metrics' | 'panel'> | undefined> {
  const {decoder, store} = parts;
  const validationLoss = await unhurried(lossOf(decoder, store, validation), stopped);
  if (validationLoss === undefined) return undefined;
  const images = judged.slice(0, settings.judged);
  const captions = await unhurried(captionsOf(parts, store, images, searchOf(settings)), stopped);
  if (captions === undefined) return undefined;
  const metrics = images.length > 0 ? scoreCaptions(captions, images) : {};
  return {validationLoss, metrics, panel: panelOf(parts, shown.slice(0, settings.panel), settings)};
}

/** What the best epoch is chosen by: truth where it is known, as in drawn scenes, else the likeness to people's words. */
export function scoreOf(metrics: Readonly<Record<string, number>>): number | undefined {
  return metrics['true'] ?? metrics['BLEU-4'];
}

/** Pictures with what the decoder says about them now. */
export function panelOf(parts: Parts, images: readonly CaptionedImage[], settings: Settings): PanelEntry[] {
  const captions = atOnce(captionsOf(parts, parts.store, images, searchOf(settings)));
  return images.map(({id, file, captions: references}, at) => ({
    id,
    file,
    caption: captions[at]!,
    references,
  }));
}

function searchOf({beams, lengthExponent, maximumLength}: Settings): SearchOptions {
  return {beams, lengthExponent, maximumLength};
}

/** All pieces at once. */
export function atOnce<T>(pieces: Pieces<T>): T {
  for (;;) {
    const {done, value} = pieces.next();
    if (done) return value;
  }
}

/** Piece by piece, with other events in between; undefined when `stopped` says so. */
export async function unhurried<T>(pieces: Pieces<T>, stopped: () => boolean): Promise<T | undefined> {
  for (;;) {
    await letEventsThrough();
    if (stopped()) return undefined;
    const {done, value} = pieces.next();
    if (done) return value;
  }
}
