/**
 * The contents of a feature store's folder. Each shard describes itself; `index.json` and `quarantine.json` repeat this in one place, for
 * people and other programs, and are written when a build ends.
 */
import {existsSync, promises as fs, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError, type ErrorCode} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {checkSource, readShard, shardName, shardNumber, type Shard} from './shard';

const indexName = 'index.json';
const quarantineName = 'quarantine.json';
const temporaryName = /^\.(shard-\d+\.safetensors|index\.json|quarantine\.json)\..+\.tmp$/;

/** Errors of a file that is no longer what was written; not `version` or `mismatch`, which are another program's or encoder's files. */
const damages: ReadonlySet<ErrorCode> = new Set(['truncated', 'header', 'overlap', 'dtype', 'shape']);

/**
 * Reads the headers of a folder's shards, in the order of their numbers.
 *
 * @param options.damaged Whether damaged shards are left out, to be built again.
 * @throws CaptionerError `mismatch` when they are not of one encoder and kind; `truncated`, `header`, `version`.
 */
export function readShards(folder: string, {damaged = false}: {readonly damaged?: boolean} = {}): Shard[] {
  if (!existsSync(folder)) return [];
  const numbers = readdirSync(folder).flatMap((name) => shardNumber(name) ?? []);
  const shards = numbers
    .sort((one, other) => one - other)
    .flatMap((number) => {
      try {
        return readShard(join(folder, shardName(number)));
      } catch (error) {
        if (damaged && error instanceof CaptionerError && damages.has(error.code)) return [];
        throw error;
      }
    });
  for (const shard of shards) checkSource(shard.file, shard.source, shards[0]!.source);
  return shards;
}

/** Whether a build has ended in this folder, even one that could not read any image. */
export function hasIndex(folder: string): boolean {
  return existsSync(join(folder, indexName));
}

export async function writeIndex(folder: string, shards: readonly Shard[]): Promise<void> {
  const images: object[] = [];
  for (const shard of shards) {
    let row = 0;
    for (const {id, sha256, reason} of shard.images)
      if (reason === undefined) images.push({id, shard: shard.number, row: row++, sha256});
  }
  const [first] = shards;
  await writeFileAtomic(
    join(folder, indexName),
    `${JSON.stringify({version: 2, ...first?.source, images})}\n`,
  );
  const reasons = Object.fromEntries(reasonsOf(shards));
  await writeFileAtomic(join(folder, quarantineName), `${JSON.stringify(reasons, undefined, 2)}\n`);
}

/** Returns why images have no features, by image id. */
export function reasonsOf(shards: readonly Shard[]): Map<string, string> {
  return new Map(
    shards.flatMap(({images}) =>
      images.flatMap(({id, reason}): [string, string][] => (reason === undefined ? [] : [[id, reason]])),
    ),
  );
}

/** Removes half-written files of a killed run. The caller must hold the folder's lock. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await fs.readdir(folder))
    if (temporaryName.test(name)) await fs.rm(join(folder, name), {force: true});
}
