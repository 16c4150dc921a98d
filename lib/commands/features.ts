/** `captioner features`: computes the image features of a dataset ahead of training. */
import type {Dataset} from '../datasets/dataset';
import {storeFeatures, type StoreOptions} from '../features/open-features';
import type {FeatureStore} from '../features/store';
import type {Encoder} from '../encoders/encoder';
import {loadEncoder} from '../encoders/registry';
import {CaptionerError} from '../errors';
import {userPath} from '../paths';
import {progress} from '../show/progress';
import {introduce, open} from './data';
import {continued, print, warn, weightsOf} from './io';

/** The encoder and its settings that differ from the defaults. */
export interface EncoderFlags {
  readonly encoder: string;
  readonly weights?: string;
  readonly size?: number;
  readonly fit?: 'stretch' | 'crop';
}

export interface FeatureFlags extends EncoderFlags {
  readonly data: string;
  /** Output folder; if absent, where training looks for features. */
  readonly out?: string;
  readonly kind: string;
  readonly shard?: string;
}

export async function features(flags: FeatureFlags): Promise<void> {
  const {data, out, kind, shard} = flags;
  if (kind !== 'pooled' && kind !== 'grid')
    throw new CaptionerError('options', `Expected --kind pooled or grid, got ${kind}`);
  const [, number, of] = /^(\d+)\/(\d+)$/.exec(shard ?? '1/1') ?? [];
  if (number === undefined)
    throw new CaptionerError('options', `Expected --shard I/N, such as 1/4, got ${shard}`);
  const encoder = await openEncoder(flags);
  const dataset = await open(data);
  introduce(dataset);
  const part = {number: Number(number), of: Number(of)};
  const store = await storeWithProgress(encoder, dataset, dataset.images, {
    kind,
    part,
    ...(out !== undefined && {folder: userPath(out)}),
  });
  print(`${store.size} images in ${store.folder}`);
}

/** @throws CaptionerError as `loadEncoder` */
export function openEncoder(flags: EncoderFlags): Promise<Encoder> {
  const {encoder, size, fit} = flags;
  const preprocessing = {...(size !== undefined && {size}), ...(fit !== undefined && {fit})};
  return loadEncoder(encoder, {...weightsOf(flags), preprocessing});
}

/** Computes features with a progress bar, and reports the images that can't be read. */
export async function storeWithProgress(
  encoder: Encoder,
  dataset: Dataset,
  images: Dataset['images'],
  options: StoreOptions,
): Promise<FeatureStore> {
  const store = await storeFeatures(encoder, dataset, images, {...options, progress}).catch(
    (error: unknown) => {
      throw continued(error, 'run the command again to continue');
    },
  );
  for (const [id, reason] of store.quarantined) warn(`${id}: ${reason}`);
  return store;
}
