/**
 * Puts the parts of a feature store together that several machines computed (`BuildOptions.part`). The result has the same bytes as the
 * store of one machine that computed everything.
 */
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {makeFolder, writeFileAtomic} from '../files/atomic';
import {lockFolder} from '../files/lock';
import {readFileCheckedAsync} from '../files/regular-file';
import {shortPath} from '../paths';
import {startProgress, type ProgressOptions} from '../show-progress';
import {hasIndex, readShards, removeLeftovers, writeIndex} from './shard-index';
import {checkSource, readRows, shardName, type Shard} from './shard';
import {buildOptions} from './build-options';

const usualSize = buildOptions.schema.parse({}).shard;

/**
 * Finds the shards of a store in the folders of its parts, and checks that every one is there once, whole, and of one origin.
 *
 * @param ids Ids of the store's images, in their order, without duplicates.
 * @param size Images per shard. @default 256, as for `FeatureStore.build`
 * @returns The shards in their order; reads only their headers.
 * @throws CaptionerError `not-found` for a folder without shards and a shard that is missing; `mismatch` for one that is there twice, has
 *   another origin than the first, or holds other images; `truncated`, `header`, `version`.
 */
export function shardsOfParts(
  folders: readonly string[],
  ids: readonly string[],
  size: number = usualSize,
): Shard[] {
  const found = new Map<number, Shard>();
  let first: Shard | undefined;
  for (const folder of folders) {
    const shards = readShards(folder);
    // A part may have nothing to do, but then its index says so.
    if (shards.length === 0 && !hasIndex(folder))
      throw new CaptionerError('not-found', `${shortPath(folder)}: expected a feature store, found none`);
    for (const shard of shards) {
      const other = found.get(shard.number);
      if (other)
        throw new CaptionerError(
          'mismatch',
          `${shortPath(shard.file)}: expected each shard once, and ${shortPath(other.file)} is there already; name each folder once, and leave out the one that is not needed`,
        );
      first ??= shard;
      const advice = `as in ${shortPath(first.file)}; compute this part again with the options of the others`;
      checkSource(shortPath(shard.file), shard.source, first.source, advice);
      found.set(shard.number, shard);
    }
  }
  const count = Math.ceil(ids.length / size);
  const missing = Array.from({length: count}, (_, number) => number).filter((number) => !found.has(number));
  if (missing.length > 0) {
    const names = missing.slice(0, 3).map(shardName).join(', ');
    const more = missing.length > 3 ? `, … (${missing.length})` : '';
    throw new CaptionerError(
      'not-found',
      `expected all ${count} shards of ${ids.length} images in the named folders, found none of ${names}${more}; name all folders, and run the parts again that did not end`,
    );
  }
  return [...found.values()]
    .sort((one, other) => one.number - other.number)
    .map((shard) => {
      checkImages(shard, ids.slice(shard.number * size, (shard.number + 1) * size));
      return shard;
    });
}

function checkImages({file, images}: Shard, ids: readonly string[]): void {
  if (images.length === ids.length && images.every(({id}, at) => id === ids[at])) return;
  const stopped = images.length < ids.length && images.every(({id}, at) => id === ids[at]);
  throw new CaptionerError(
    'mismatch',
    stopped
      ? `${shortPath(file)}: expected ${ids.length} images, got ${images.length}: its part was stopped; run it again`
      : `${shortPath(file)}: expected the images ${describe(ids)} of the dataset, got ${describe(images.map(({id}) => id))}; all parts must be of this dataset`,
  );
}

function describe(ids: readonly string[]): string {
  return ids.length === 0 ? '(none)' : `${ids[0]} to ${ids.at(-1)!} (${ids.length})`;
}

/**
 * Copies shards into one folder and writes its index. Run again after a kill, it copies what is missing.
 *
 * @param shards As `shardsOfParts` returns them.
 * @throws CaptionerError `checksum` for a damaged shard; `mismatch` when the folder holds other features; `locked`, `no-space`
 */
export async function mergeShards(
  shards: readonly Shard[],
  folder: string,
  {progress}: ProgressOptions = {},
): Promise<void> {
  makeFolder(folder);
  const lock = lockFolder(folder);
  const bar = startProgress({progress}, 'Merging shards', shards.length);
  try {
    await removeLeftovers(folder);
    const checksums = new Map(shards.map(({number, checksum}) => [number, checksum]));
    const present = readShards(folder, {damaged: true});
    for (const {number, file, checksum} of present)
      if (checksums.get(number) !== checksum)
        throw new CaptionerError(
          'mismatch',
          `${shortPath(file)}: expected a folder without other features; choose another with --out, or remove that file`,
        );
    const there = new Set(present.map(({number}) => number));
    for (const [done, shard] of shards.entries()) {
      if (!there.has(shard.number)) {
        readRows(shard); // verifies the checksum
        await writeFileAtomic(
          join(folder, shardName(shard.number)),
          await readFileCheckedAsync(shard.file, {code: 'header'}),
        );
      }
      await bar.update(done + 1);
    }
    await writeIndex(folder);
  } finally {
    await bar.finish();
    lock.release();
  }
}
