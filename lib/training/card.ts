/** What a checkpoint says of itself in `checkpoint.json`: which parts it was made of, and where training stood. */
import {z} from 'zod';
import {preprocessingSchema, type EncoderIdentity} from '../encoders/identity';
import {CaptionerError} from '../errors';
import {trainerSettings, type Settings} from './options';

export interface Position {
  /** Steps taken. */
  readonly step: number;
  /** Epochs ended. */
  readonly epoch: number;
  /** Batches of the current epoch that are done. */
  readonly batch: number;
  /** The base learning rate, as it may have been changed on the way. */
  readonly rate: number;
  /** The best score on validation so far, and the step it was reached at. */
  readonly best?: {readonly score: number; readonly step: number} | undefined;
}

export interface Card {
  readonly version: 1;
  readonly decoder: {
    readonly kind: string;
    readonly depth: number;
    readonly options: Readonly<Record<string, unknown>>;
  };
  readonly vocabulary: unknown;
  readonly encoder: EncoderIdentity;
  readonly tuning?: {readonly from: string} | undefined;
  /** Of each picture that a caption is written from. @default 1 */
  readonly views?: number | undefined;
  /** How it was trained, where it is only for captions now. */
  readonly settings?: Settings | undefined;
  readonly training?:
    | {
        readonly settings: Settings;
        readonly position: Position;
        readonly data?: string | undefined;
        readonly views?: number | undefined;
        readonly mirrored?: boolean | undefined;
      }
    | undefined;
}

const count = z.int().min(0);
const schema = z.object({
  version: z.literal(1),
  decoder: z.object({kind: z.string(), depth: count, options: z.record(z.string(), z.unknown())}),
  vocabulary: z.unknown(),
  encoder: z.object({name: z.string(), digest: z.string(), preprocessing: preprocessingSchema}),
  tuning: z.object({from: z.string()}).optional(),
  views: z.int().min(1).optional(),
  settings: z.unknown().optional(),
  training: z
    .object({
      settings: z.unknown(),
      position: z.object({
        step: count,
        epoch: count,
        batch: count,
        rate: z.number(),
        best: z.object({score: z.number(), step: count}).optional(),
      }),
      data: z.string().optional(),
      views: z.int().min(1).optional(),
      mirrored: z.boolean().optional(),
    })
    .optional(),
});

/** @throws CaptionerError `version`; `header` when this is no card; `options` when the settings are none of a trainer. */
export function parseCard(bytes: Buffer, where: string): Card {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new CaptionerError('header', `${where}: expected JSON`, {cause});
  }
  const version = (json as {version?: unknown} | null)?.version;
  if (version !== 1)
    throw new CaptionerError('version', `${where}: expected format version 1, got ${String(version)}`);
  const {data, error} = schema.safeParse(json);
  if (error) {
    const [issue] = error.issues;
    const what = `${issue?.path.join('.')}: ${issue?.message}`;
    throw new CaptionerError('header', `${where}: expected the parts of a checkpoint; ${what}`);
  }
  const {training} = data;
  const settings = data.settings === undefined ? undefined : trainerSettings(data.settings);
  return {
    ...data,
    settings,
    training: training && {...training, settings: trainerSettings(training.settings)},
  };
}
