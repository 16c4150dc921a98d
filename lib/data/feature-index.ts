/**
 * What a feature store knows of itself: `index.json` says whose features these are and in which shard and row each image
 * lies, `quarantine.json` why an image has none. Both are replaced whole, so a reader never meets half of one.
 */
import {existsSync, promises as fs, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import type {Preprocessing} from '../encoders/encoder';
import {preprocessingSchema} from '../encoders/identity';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import type {ImageFile} from './decode-ahead';

export const featureKinds = ['pooled', 'grid'] as const;
export type FeatureKind = (typeof featureKinds)[number];

/** Whose features a store holds: what must be the same for them to be used. */
export interface FeatureSource {
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  readonly kind: FeatureKind;
  readonly cells: number;
  readonly depth: number;
}

export interface StoredImage {
  readonly id: string;
  readonly shard: number;
  readonly row: number;
  /** SHA-256 of the image file. */
  readonly sha256: string;
}

export interface Shard {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Index extends FeatureSource {
  readonly images: readonly StoredImage[];
  readonly shards: readonly Shard[];
}

const version = 1;
const indexName = 'index.json';
const quarantineName = 'quarantine.json';
const temporaryName = /^\.(shard-\d+\.safetensors|index\.json|quarantine\.json)\..+\.tmp$/;

const natural = z.int().min(0);
const schema = z.object({
  version: z.literal(version),
  encoder: z.object({name: z.string(), digest: z.string()}),
  preprocessing: preprocessingSchema,
  kind: z.enum(featureKinds),
  cells: natural,
  depth: natural,
  images: z.array(z.object({id: z.string(), shard: natural, row: natural, sha256: z.string()})),
  shards: z.array(
    z.object({file: z.string().regex(/^shard-\d+\.safetensors$/), bytes: natural, sha256: z.string()}),
  ),
});

export const shardName = (number: number): string => `shard-${String(number).padStart(5, '0')}.safetensors`;

/** @throws CaptionerError `version`, or `header` when the file is not an index. */
export function readIndex(folder: string): Index | undefined {
  const file = join(folder, indexName);
  if (!existsSync(file)) return undefined;
  const content = readJson(file);
  const found = (content as {version?: unknown} | null)?.version;
  if (typeof found === 'number' && found !== version)
    throw new CaptionerError('version', `${file}: expected format version ${version}, got ${found}`);
  const result = schema.safeParse(content);
  const index = result.data;
  if (index === undefined || index.images.some(({shard}) => shard >= index.shards.length)) {
    const issue = result.error?.issues[0];
    const what = issue
      ? `${issue.path.join('.')}: ${issue.message}`
      : 'an image lies in a shard that is not listed';
    throw new CaptionerError(
      'header',
      `${file}: expected the index of a feature store, got something else (${what}); remove the folder to build it again`,
    );
  }
  return index;
}

export async function writeIndex(folder: string, index: Index): Promise<void> {
  await writeFileAtomic(join(folder, indexName), JSON.stringify({version, ...index}));
}

/** From image id to reason. */
export function readQuarantine(folder: string): Map<string, string> {
  const file = join(folder, quarantineName);
  if (!existsSync(file)) return new Map();
  const content = readJson(file);
  const reasons = typeof content === 'object' && content !== null ? Object.entries(content) : undefined;
  if (!reasons?.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
    throw new CaptionerError('header', `${file}: expected a reason for each image`);
  return new Map(reasons);
}

export async function writeQuarantine(folder: string, reasons: ReadonlyMap<string, string>): Promise<void> {
  const text = JSON.stringify(Object.fromEntries(reasons), undefined, 2);
  await writeFileAtomic(join(folder, quarantineName), `${text}\n`);
}

/** @throws CaptionerError `mismatch` when what lies in the folder comes from something else. */
export function checkSource(folder: string, found: FeatureSource, wanted: FeatureSource): void {
  for (const key of ['encoder', 'preprocessing', 'kind', 'cells', 'depth'] as const) {
    const [got, expected] = [JSON.stringify(found[key]), JSON.stringify(wanted[key])];
    if (got !== expected)
      throw new CaptionerError(
        'mismatch',
        `${folder}: expected features of ${key} ${expected}, got ${got}; use another folder`,
      );
  }
}

/** The images whose shard is there at its full size; the others have to be encoded again. */
export function presentImages(folder: string, {images, shards}: Index): StoredImage[] {
  const present = shards.map(
    ({file, bytes}) => statSync(join(folder, file), {throwIfNoEntry: false})?.size === bytes,
  );
  return images.filter(({shard}) => present[shard]);
}

/**
 * Images without features, or with features of other bytes.
 *
 * @param digests SHA-256 of each image's bytes; an image that can't be read has none.
 */
export function imagesToEncode(
  folder: string,
  index: Index,
  wanted: ReadonlyMap<string, ImageFile>,
  digests: ReadonlyMap<string, string>,
): ImageFile[] {
  const known = new Map(presentImages(folder, index).map(({id, sha256: digest}) => [id, digest]));
  return [...wanted.values()].filter(({id}) => !digests.has(id) || known.get(id) !== digests.get(id));
}

/** Half-written files of a run that was killed. Only for who has the folder's lock. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await fs.readdir(folder))
    if (temporaryName.test(name)) await fs.rm(join(folder, name), {force: true});
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CaptionerError('header', `${file}: expected JSON`, {cause});
  }
}
