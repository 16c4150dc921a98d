/** The file of a store that says where the features of each image lie, so that opening it reads no shard. */
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import {writeFileAtomic} from '../files/atomic';
import {CaptionerError} from '../errors';
import {readFileChecked} from '../files/regular-file';
import {formatSafetensors, parseSafetensors} from '../files/safetensors';
import {PlaceIndex} from './place-index';
import {originSchema, shardName, shardNumber} from './shard';

export const placesName = 'places.safetensors';
const version = 1;
const schema = z.object({
  version: z.literal(version),
  source: originSchema,
  shards: z.array(z.tuple([z.int().min(0), z.int().min(0), z.int().min(0)])),
  quarantined: z.array(z.tuple([z.string(), z.string()])),
});

/** Writes the index of a store. */
export async function writePlaces(folder: string, index: PlaceIndex): Promise<void> {
  const {source, shards, quarantined, hashes} = index;
  const content = JSON.stringify({
    version,
    source,
    shards: shards.map(({number, bytes, rows}) => [number, bytes, rows]),
    quarantined: [...quarantined],
  });
  const data = new Uint8Array(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  const tensors = new Map([['places', {dtype: 'I32', shape: [hashes.length / 2, 2], data}] as const]);
  await writeFileAtomic(join(folder, placesName), formatSafetensors(tensors, [['places', content]]));
}

/**
 * Reads the index of a store.
 *
 * @returns undefined where there is none, or one of other shards than those of the folder: then the shards themselves must be read.
 */
export function readPlaces(folder: string): PlaceIndex | undefined {
  const file = join(folder, placesName);
  if (!existsSync(file)) return undefined;
  try {
    const {tensors, metadata} = parseSafetensors(readFileChecked(file, {code: 'header'}), file);
    const {data} = schema.safeParse(JSON.parse(metadata.get('places') ?? 'null'));
    const places = tensors.get('places');
    if (!data || places?.dtype !== 'I32') return undefined;
    const shards = data.shards.map(([number, bytes, rows]) => ({number, bytes, rows}));
    const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
    if (places.shape.join() !== `${rows},2` || !isOf(folder, shards)) return undefined;
    const hashes = new Int32Array(new Uint8Array(places.data).buffer);
    return new PlaceIndex(data.source, shards, hashes, new Map(data.quarantined));
  } catch (error) {
    if (error instanceof CaptionerError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether a folder has these shards and no others. */
function isOf(folder: string, shards: PlaceIndex['shards']): boolean {
  const there = readdirSync(folder).filter((name) => shardNumber(name) !== undefined);
  return (
    there.length === shards.length &&
    shards.every(
      ({number, bytes}) => statSync(join(folder, shardName(number)), {throwIfNoEntry: false})?.size === bytes,
    )
  );
}
