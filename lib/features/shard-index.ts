/**
 * The contents of a feature store's folder. Each shard describes itself; `index.json` and `quarantine.json` repeat this in one place, for
 * people and other programs, and `places.safetensors` for opening the store. They are written when a build ends.
 */
import {existsSync, promises as fs, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError, type ErrorCode} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {writePlaces} from './place-file';
import {PlaceIndex} from './place-index';
import {checkSource, readShard, shardName, shardNumber, type FeatureOrigin, type Shard} from './shard';

const indexName = 'index.json';
const quarantineName = 'quarantine.json';
const temporaryName = /^\.((?:shard-\d+|places)\.safetensors|index\.json|quarantine\.json)\..+\.tmp$/;

/** Errors of a file that is no longer what was written; not `version` or `mismatch`, which are another program's or encoder's files. */
const damages: ReadonlySet<ErrorCode> = new Set(['truncated', 'header', 'overlap', 'dtype', 'shape']);

/**
 * Reads the headers of a folder's shards, in the order of their numbers.
 *
 * @param options.damaged Whether damaged shards are left out, to be built again.
 * @throws CaptionerError `mismatch` when they are not of one encoder and kind; `truncated`, `header`, `version`.
 */
export function readShards(folder: string, options: {readonly damaged?: boolean} = {}): Shard[] {
  return [...eachShard(folder, options)];
}

/** The same, one by one. */
function* eachShard(folder: string, {damaged = false}: {readonly damaged?: boolean} = {}): Generator<Shard> {
  if (!existsSync(folder)) return;
  const numbers = readdirSync(folder).flatMap((name) => shardNumber(name) ?? []);
  let first: Shard | undefined;
  for (const number of numbers.sort((one, other) => one - other)) {
    let shard: Shard;
    try {
      shard = readShard(join(folder, shardName(number)));
    } catch (error) {
      if (damaged && error instanceof CaptionerError && damages.has(error.code)) continue;
      throw error;
    }
    first ??= shard;
    checkSource(shard.file, shard.source, first.source);
    yield shard;
  }
}

/** Whether a build has ended in this folder, even one that could not read any image. */
export function hasIndex(folder: string): boolean {
  return existsSync(join(folder, indexName));
}

/** Makes the index of a folder's shards from their headers, one by one; undefined if it has none. @throws CaptionerError as `readShards` */
export function indexShards(folder: string): PlaceIndex | undefined {
  const [first] = eachShard(folder);
  return first && PlaceIndex.of(first.source, eachShard(folder), ({file}) => statSync(file).size);
}

/** Writes what the shards of a folder hold in one place, reading header after header. */
export async function writeIndex(folder: string): Promise<void> {
  const [first] = eachShard(folder);
  await writeFileAtomic(join(folder, indexName), indexParts(folder, first?.source));
  const index = indexShards(folder);
  const reasons = Object.fromEntries(index?.quarantined ?? []);
  await writeFileAtomic(join(folder, quarantineName), `${JSON.stringify(reasons, undefined, 2)}\n`);
  if (index) await writePlaces(folder, index);
}

/** The text of the index in pieces: that of millions of images is longer than a string may be. */
function* indexParts(folder: string, source: FeatureOrigin | undefined): Generator<string> {
  const end = ']}';
  yield JSON.stringify({version: 2, ...source, images: []}).slice(0, -end.length);
  let isFirst = true;
  for (const shard of eachShard(folder)) {
    let row = 0;
    const places = shard.images.flatMap(({id, sha256, reason}) =>
      reason === undefined ? [JSON.stringify({id, shard: shard.number, row: row++, sha256})] : [],
    );
    if (places.length === 0) continue;
    yield (isFirst ? '' : ',') + places.join(',');
    isFirst = false;
  }
  yield `${end}\n`;
}

/** Removes half-written files of a killed run. The caller must hold the folder's lock. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await fs.readdir(folder))
    if (temporaryName.test(name)) await fs.rm(join(folder, name), {force: true});
}
