/** Metadata of a checkpoint (`checkpoint.json`): the parts it was made of, and the position of training. */
import {join} from 'node:path';
import {z} from 'zod';
import {mostViews, preprocessingSchema, type EncoderIdentity} from '../encoders/identity';
import {CaptionerError} from '../errors';
import {readFileChecked} from '../files/regular-file';
import {firstComplaint} from '../options';
import {quoteValue} from '../quote-value';
import {formatVersion, migrateMetadata} from './migrate';
import {checkpointFile, checkpointsIn, checkpointsName} from './run-layout';

/** Largest card that is read, in bytes: room for a million words. */
export const largestCard: number = 32 * 2 ** 20;

/** Position of training in a run. */
export interface Position {
  /** Steps taken. */
  readonly step: number;
  /** Completed epochs. */
  readonly epoch: number;
  /** Completed batches of the current epoch. */
  readonly batch: number;
  /** The learning rate before the schedule; may have been changed during the run. */
  readonly learningRate: number;
  /** The best validation score so far, its step, and the validation loss, which decides between equal scores. */
  readonly best?:
    {readonly score: number; readonly step: number; readonly loss?: number | undefined} | undefined;
}

/** Options of the trainer by name; the trainer checks them when it resumes. */
export type SavedSettings = Readonly<Record<string, unknown>>;

export interface CheckpointMetadata {
  readonly version: typeof formatVersion;
  readonly decoder: {
    readonly kind: string;
    readonly depth: number;
    readonly options: Readonly<Record<string, unknown>>;
  };
  readonly vocabulary: unknown;
  readonly encoder: EncoderIdentity;
  readonly fineTuned?: {readonly from: string} | undefined;
  /** Views of each image to write a caption from. @default 1 */
  readonly views?: number | undefined;
  /** Options of its training, if nothing else of its training was kept. */
  readonly settings?: SavedSettings | undefined;
  readonly training?:
    | {
        readonly settings: SavedSettings;
        readonly position: Position;
        readonly data?: string | undefined;
        readonly views?: number | undefined;
        readonly mirrored?: boolean | undefined;
        readonly compiled?: boolean | undefined;
      }
    | undefined;
}

const count = z.int().min(0);
const savedSettings = z.record(z.string(), z.unknown());
const schema = z.object({
  version: z.literal(formatVersion),
  decoder: z.object({kind: z.string(), depth: count, options: z.record(z.string(), z.unknown())}),
  vocabulary: z.unknown(),
  encoder: z.object({name: z.string(), digest: z.string(), preprocessing: preprocessingSchema}),
  fineTuned: z.object({from: z.string()}).optional(),
  views: z.int().min(1).max(mostViews.inference).optional(),
  settings: savedSettings.optional(),
  training: z
    .object({
      settings: savedSettings,
      position: z.object({
        step: count,
        epoch: count,
        batch: count,
        learningRate: z.number(),
        best: z.object({score: z.number(), step: count, loss: z.number().optional()}).optional(),
      }),
      data: z.string().optional(),
      views: z.int().min(1).max(mostViews.training).optional(),
      mirrored: z.boolean().optional(),
      compiled: z.boolean().optional(),
    })
    .optional(),
});

/** @throws CaptionerError `version`; `header` when it is not the metadata of a checkpoint */
export function parseMetadata(bytes: Buffer, where: string): CheckpointMetadata {
  if (bytes.length > largestCard)
    throw new CaptionerError(
      'header',
      `${where}: expected at most ${largestCard} bytes, got ${bytes.length}`,
    );
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new CaptionerError('header', `${where}: expected JSON`, {cause});
  }
  const version = (json as {version?: unknown} | null)?.version;
  if (version !== 1 && version !== formatVersion)
    throw new CaptionerError(
      'version',
      `${where}: expected format version ${formatVersion} or earlier, got ${quoteValue(version)}`,
    );
  const content = migrateMetadata(json);
  const {data, error} = schema.safeParse(content);
  if (data) return data;
  const what = firstComplaint(error, content, schema);
  throw new CaptionerError('header', `${where}: expected the parts of a checkpoint; ${what}`);
}

/** Returns the metadata of a run's newest readable checkpoint, or undefined. */
export function runMetadata(folder: string): CheckpointMetadata | undefined {
  for (const name of checkpointsIn(folder))
    try {
      const card = join(folder, checkpointsName, name, checkpointFile.card);
      return parseMetadata(readFileChecked(card, {code: 'header', largest: largestCard}), card);
    } catch {
      // Resuming the run reports what is wrong with it.
    }
  return undefined;
}
