/** `captioner features`: what an encoder sees in the pictures of a data set, computed once. */
import type {Dataset} from '../data/dataset';
import {FeatureStore} from '../data/feature-store';
import type {Encoder} from '../encoders/encoder';
import {loadEncoder} from '../encoders/registry';
import {CaptionerError} from '../errors';
import {featureFolder, userPath} from '../places';
import {progress} from '../show/progress';
import {introduce, open} from './data';
import {print, warn} from './output';

export interface FeatureFlags {
  readonly data: string;
  readonly encoder: string;
  readonly weights?: string;
  readonly out: string;
  readonly kind: string;
}

export async function features({data, encoder: name, weights, out, kind}: FeatureFlags): Promise<void> {
  if (kind !== 'pooled' && kind !== 'grid')
    throw new CaptionerError('options', `Expected --kind pooled or grid, got ${kind}`);
  const dataset = await open(data);
  const encoder = await loadEncoder(name, weights === undefined ? {} : {weights: userPath(weights)});
  introduce(dataset);
  const store = await build(encoder, dataset.images, kind, userPath(out));
  print(`${store.size} images in ${store.folder}`);
}

/** The features of some pictures of a data set, at their usual place. */
export function usualFeatures(
  encoder: Encoder,
  dataset: Dataset,
  kind: 'pooled' | 'grid',
  images: Dataset['images'] = dataset.images,
): Promise<FeatureStore> {
  return build(encoder, images, kind, featureFolder(dataset, encoder.name, kind));
}

async function build(
  encoder: Encoder,
  images: Dataset['images'],
  kind: 'pooled' | 'grid',
  folder: string,
): Promise<FeatureStore> {
  const bar = progress('Features', images.length);
  const store = await FeatureStore.build(encoder, images, folder, {kind, onProgress: bar.update});
  await bar.finish();
  for (const [id, reason] of store.quarantined) warn(`${id}: ${reason}`);
  return store;
}
