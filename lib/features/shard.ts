/**
 * One file of a feature store. It records the origin of its features, their images, and which images could not be read and why, so that
 * files written by separate processes form a store in one folder.
 */
import {basename, join} from 'node:path';
import {createHash} from 'node:crypto';
import {z} from 'zod';
import type {Preprocessing} from '../encoders/encoder';
import {preprocessingSchema} from '../encoders/identity';
import {CaptionerError} from '../errors';
import {explainFileError} from '../file-error';
import {firstComplaint} from '../options';
import {quoteValue} from '../quote-value';
import {writeFileAtomic} from '../files/atomic';
import {readFileChecked} from '../files/regular-file';
import {readSafetensorsHeader, safetensorsHeader} from '../files/safetensors';

export const featureKinds = ['pooled', 'grid'] as const;
/** The kind of image features: one vector for each image, or one for each cell of a grid. */
export type FeatureKind = (typeof featureKinds)[number];

/** The origin of features; features of different origin cannot be used together. */
export interface FeatureOrigin {
  readonly encoder: {readonly name: string; readonly digest: string};
  readonly preprocessing: Preprocessing;
  readonly kind: FeatureKind;
  /** 1 for pooled features. */
  readonly cells: number;
  readonly depth: number;
}

export interface ShardImage {
  readonly id: string;
  /** SHA-256 of the image file; absent if it could not be read at all. */
  readonly sha256?: string | undefined;
  /** Why the image has no features; the images that have some are the rows, in this order. */
  readonly reason?: string | undefined;
}

export interface Shard {
  readonly number: number;
  readonly file: string;
  readonly source: FeatureOrigin;
  readonly images: readonly ShardImage[];
  /** Images that have features. */
  readonly rows: number;
  /** Bytes before the first row. */
  readonly start: number;
  readonly checksum: string;
}

const version = 2;
const buildAgain = 'remove that file and build the features again';
const namePattern = /^shard-(\d{5,})\.safetensors$/;
/** The form of `FeatureOrigin` in files. */
export const originSchema: z.ZodType<FeatureOrigin> = z.object({
  encoder: z.object({name: z.string(), digest: z.string()}),
  preprocessing: preprocessingSchema,
  kind: z.enum(featureKinds),
  cells: z.int().min(1),
  depth: z.int().min(1),
});
const schema = z.object({
  version: z.literal(version),
  source: originSchema,
  images: z.array(z.object({id: z.string(), sha256: z.string().optional(), reason: z.string().optional()})),
});

export const shardName = (number: number): string => `shard-${String(number).padStart(5, '0')}.safetensors`;

/** Returns the number of the shard with this file name; undefined for any other name. */
export function shardNumber(name: string): number | undefined {
  const [, digits] = namePattern.exec(name) ?? [];
  return digits === undefined || shardName(Number(digits)) !== name ? undefined : Number(digits);
}

/** @param rows Float16 bits of each image that has features, `[cells, depth]`, or `[depth]` for pooled features. */
export async function writeShard(
  folder: string,
  number: number,
  source: FeatureOrigin,
  images: readonly ShardImage[],
  rows: readonly Uint16Array[],
): Promise<void> {
  const {kind, cells, depth} = source;
  const shape = kind === 'pooled' ? [rows.length, depth] : [rows.length, cells, depth];
  const parts = rows.map(
    ({buffer, byteOffset, byteLength}) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  const content = JSON.stringify({version, source, images});
  const metadata = [['features', content] as const, ['sha256', checksumOf(content, ...parts)] as const];
  const header = safetensorsHeader([[kind, {dtype: 'F16', shape}]], metadata);
  await writeFileAtomic(join(folder, shardName(number)), [header, ...parts]);
}

/**
 * Reads the header of a shard, without its rows.
 *
 * @throws CaptionerError `truncated`, `header`, `version` or `shape`.
 */
export function readShard(file: string): Shard {
  const fail = (code: 'header' | 'version' | 'shape', what: string): never => {
    throw new CaptionerError(code, `${file}: expected ${what}; ${buildAgain}`);
  };
  const {entries, metadata} = headerOf(file);
  const [content, checksum] = [metadata.get('features'), metadata.get('sha256')];
  if (content === undefined || checksum === undefined)
    return fail('header', 'features, got another safetensors file');
  const written = parsed(content) ?? fail('header', 'a description of features in JSON');
  if (written.version !== version)
    return fail('version', `features in format version ${version}, got ${quoteValue(written.version)}`);
  const {data, error} = schema.safeParse(written);
  if (!data) return fail('header', `a description of features (${firstComplaint(error, written, schema)})`);
  const {kind, cells, depth} = data.source;
  const rows = data.images.filter(({reason}) => reason === undefined).length;
  const place = entries.get(kind);
  const shape = kind === 'pooled' ? [rows, depth] : [rows, cells, depth];
  if (place?.dtype !== 'F16' || place.shape.join() !== shape.join())
    return fail(
      'shape',
      `float16 "${kind}" [${shape.join(', ')}], got ${place?.dtype} [${place?.shape.join(', ')}]`,
    );
  const number = shardNumber(basename(file)) ?? 0;
  return {number, file, source: data.source, images: data.images, rows, start: place.from, checksum};
}

/** Reads the header of a file, and adds to an error of its content what to do. */
function headerOf(file: string): ReturnType<typeof readSafetensorsHeader> {
  try {
    return readSafetensorsHeader(file);
  } catch (error) {
    if (!(error instanceof CaptionerError)) throw explainFileError(error, file);
    throw new CaptionerError(error.code, `${error.message}; ${buildAgain}`, {cause: error});
  }
}

/** Returns the object that JSON describes; undefined for anything else. */
function parsed(json: string): {readonly version?: unknown} | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads all rows of a shard and verifies their checksum.
 *
 * @throws CaptionerError `not-found` or `checksum`
 */
export function readRows({file, start, checksum, source, images}: Shard): Uint16Array {
  let bytes: Buffer;
  try {
    bytes = readFileChecked(file, {code: 'header'});
  } catch (cause) {
    if (cause instanceof CaptionerError) throw cause;
    throw new CaptionerError('not-found', `${file}: expected a shard of features; ${buildAgain}`, {cause});
  }
  const data = bytes.subarray(start);
  if (checksumOf(JSON.stringify({version, source, images}), data) !== checksum)
    throw new CaptionerError('checksum', `${file}: expected SHA-256 ${checksum}, got another; ${buildAgain}`);
  return new Uint16Array(new Uint8Array(data).buffer);
}

function checksumOf(content: string, ...data: Uint8Array[]): string {
  const hash = createHash('sha256').update(content).update('\n');
  for (const part of data) hash.update(part);
  return hash.digest('hex');
}

/**
 * @param advice What to do, for the message.
 * @throws CaptionerError `mismatch` when features have another origin than the wanted one.
 */
export function checkSource(
  where: string,
  found: FeatureOrigin,
  wanted: FeatureOrigin,
  advice = 'use another folder',
): void {
  for (const key of ['encoder', 'preprocessing', 'kind', 'cells', 'depth'] as const) {
    const [got, expected] = [JSON.stringify(found[key]), JSON.stringify(wanted[key])];
    if (got !== expected)
      throw new CaptionerError(
        'mismatch',
        `${where}: expected features with ${key} ${expected}, got ${got}; ${advice}`,
      );
  }
}
