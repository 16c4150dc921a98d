/** `captioner features`: what an encoder sees in the images of a data set, computed once. */
import {ofSplit, type Dataset} from '../datasets/dataset';
import {FeatureStore, type BuildOptions} from '../features/store';
import {AugmentedFeatures} from '../features/augmented';
import type {Encoder} from '../encoders/encoder';
import {loadEncoder} from '../encoders/registry';
import {trainingViews, withView} from '../encoders/augmentation';
import {CaptionerError} from '../errors';
import {featureFolder, userPath} from '../paths';
import {progress} from '../show/progress';
import {introduce, open} from './data';
import {continued, print, warn, weightsOf} from './io';

/** Which encoder, and what of it is not as usual. */
export interface EncoderFlags {
  readonly encoder: string;
  readonly weights?: string;
  readonly size?: number;
  readonly fit?: 'stretch' | 'crop';
}

export interface FeatureFlags extends EncoderFlags {
  readonly data: string;
  /** Absent: where training looks for them. */
  readonly out?: string;
  readonly kind: string;
  readonly shard?: string;
}

export async function features(flags: FeatureFlags): Promise<void> {
  const {data, out, kind, shard} = flags;
  if (kind !== 'pooled' && kind !== 'grid')
    throw new CaptionerError('options', `Expected --kind pooled or grid, got ${kind}`);
  const [, number, of] = /^(\d+)\/(\d+)$/.exec(shard ?? '1/1') ?? [];
  if (number === undefined) throw new CaptionerError('options', `Expected --shard I/N, as 1/4, got ${shard}`);
  const encoder = await openEncoder(flags);
  const dataset = await open(data);
  introduce(dataset);
  const part = {number: Number(number), of: Number(of)};
  const folder = out === undefined ? featureFolder(dataset, encoder, kind) : userPath(out);
  const store = await build(encoder, dataset.images, kind, folder, part);
  print(`${store.size} images in ${store.folder}`);
}

/** The one that is meant where none is named. */
export const usualEncoder = 'efficientnet-lite2';

/** @throws CaptionerError as `loadEncoder` */
export function openEncoder(flags: EncoderFlags): Promise<Encoder> {
  const {encoder, size, fit} = flags;
  const preprocessing = {...(size !== undefined && {size}), ...(fit !== undefined && {fit})};
  return loadEncoder(encoder, {...weightsOf(flags), preprocessing});
}

/** The features of some images of a data set, at their usual place. */
export function usualFeatures(
  encoder: Encoder,
  dataset: Dataset,
  kind: 'pooled' | 'grid',
  images: Dataset['images'] = dataset.images,
): Promise<FeatureStore> {
  return build(encoder, images, kind, featureFolder(dataset, encoder, kind));
}

/**
 * Features of its images and, of those that are learnt from, in other views too: `count` views in all.
 *
 * @param mirror Whether some are mirror images. Drawn scenes never are: their captions tell left from right.
 */
export async function featuresInViews(
  encoder: Encoder,
  dataset: Dataset,
  kind: 'pooled' | 'grid',
  count: number,
  mirror: boolean,
): Promise<AugmentedFeatures> {
  const plain = await usualFeatures(encoder, dataset, kind);
  const others: FeatureStore[] = [];
  const drawn = dataset.images.some(({scene}) => scene !== undefined);
  const seen = trainingViews(count, {mirror: mirror && !drawn});
  for (const view of seen.slice(1))
    others.push(await usualFeatures(withView(encoder, view), dataset, kind, ofSplit(dataset, 'train')));
  return new AugmentedFeatures(
    plain,
    others,
    seen.some(({mirrored}) => mirrored),
  );
}

async function build(
  encoder: Encoder,
  images: Dataset['images'],
  kind: 'pooled' | 'grid',
  folder: string,
  part: BuildOptions['part'] = {number: 1, of: 1},
): Promise<FeatureStore> {
  const bar = progress('Features', images.length);
  const store = await FeatureStore.build(encoder, images, folder, {kind, part, onProgress: bar.update})
    .catch((error: unknown) => {
      throw continued(error, 'run the command again to continue');
    })
    .finally(bar.finish);
  for (const [id, reason] of store.quarantined) warn(`${id}: ${reason}`);
  return store;
}
