/** `captioner features`: computes the image features of a dataset ahead of training. */
import type {Dataset} from '../datasets/dataset';
import {storeFeatures, type StoreOptions} from '../features/open-features';
import {mergeShards, shardsOfParts} from '../features/merge';
import {FeatureStore} from '../features/store';
import type {Encoder} from '../encoders/encoder';
import {loadEncoder} from '../encoders/registry';
import {CaptionerError} from '../errors';
import {featureFolder, userPath} from '../paths';
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
  /** Folders of parts to be put together. */
  readonly merge?: readonly string[];
}

export async function features(flags: FeatureFlags): Promise<void> {
  const {data, out, kind, shard, merge} = flags;
  if (merge) return mergeParts(merge, data, out);
  if (kind !== 'pooled' && kind !== 'grid')
    throw new CaptionerError('options', `Expected --kind pooled or grid, got ${kind}`);
  const part = partOf(shard ?? '1/1');
  const encoder = await openEncoder(flags);
  const dataset = await open(data);
  introduce(dataset);
  const store = await storeWithProgress(encoder, dataset, dataset.images, {
    kind,
    part,
    ...(out !== undefined && {folder: userPath(out)}),
  });
  print(`${store.size} images in ${store.folder}`);
}

/**
 * Reads `--shard`: `2/4`, or `auto/4`, whose number is that of the task in a Slurm array from 1, or of the pod in an Indexed Job of Kubernetes,
 * which counts from 0.
 *
 * @throws CaptionerError `options`
 */
function partOf(shard: string): {readonly number: number; readonly of: number} {
  const [, number, of] = /^(\d+|auto)\/(\d+)$/.exec(shard) ?? [];
  if (number === undefined)
    throw new CaptionerError('options', `Expected --shard I/N, such as 1/4, or auto/N, got ${shard}`);
  if (number !== 'auto') return {number: Number(number), of: Number(of)};
  const {SLURM_ARRAY_TASK_ID: task, JOB_COMPLETION_INDEX: pod} = process.env;
  if (!task && !pod)
    throw new CaptionerError(
      'options',
      `Expected SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX in the environment with --shard ${shard}, found neither; name the part, such as 1/${of}`,
    );
  const own = task ? Number(task) : Number(pod) + 1;
  if (own >= 1 && own <= Number(of)) return {number: own, of: Number(of)};
  throw new CaptionerError(
    'options',
    task
      ? `Expected SLURM_ARRAY_TASK_ID from 1 to ${of} with --shard ${shard}, got ${task}; start the tasks with --array=1-${of}`
      : `Expected JOB_COMPLETION_INDEX below ${of} with --shard ${shard}, got ${pod}; set \`completions: ${of}\``,
  );
}

async function mergeParts(parts: readonly string[], data: string, out: string | undefined): Promise<void> {
  const dataset = await open(data);
  const ids = [...new Set(dataset.images.map(({id}) => id))];
  const shards = shardsOfParts(parts.map(userPath), ids);
  const {encoder, preprocessing, kind} = shards[0]!.source;
  const folder =
    out === undefined ? featureFolder(dataset, {...encoder, preprocessing}, kind) : userPath(out);
  await mergeShards(shards, folder, {progress});
  print(`${FeatureStore.open(folder).size} images in ${folder}`);
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
