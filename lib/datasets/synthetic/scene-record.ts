/** The record of drawn scenes: what they were drawn from, and what is in each. */
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import {CaptionerError} from '../../errors';
import {firstComplaint} from '../../options';
import {splits, type Split} from '../dataset';
import type {Scene} from './scene';

/** Options of `drawScenes`. */
export interface SceneOptions {
  /** Seed of the scenes. @default 1 */
  readonly seed?: number;
  /** Number of training images. @default 600 */
  readonly train?: number;
  /** Number of validation images. @default 100 */
  readonly validation?: number;
  /** Number of test images. @default 100 */
  readonly test?: number;
}

/** Version of `scenes.json`; incremented whenever the same seed would give other images or captions. */
export const version = 1;
export const recordName = 'scenes.json';

const count = z.int().min(0).max(99_999);
/** Schema of the options of `drawScenes`. */
export const sceneOptions: z.ZodType<Required<SceneOptions>> = z.strictObject({
  seed: z.int().min(0).max(0xffffffff).default(1),
  train: count.default(600),
  validation: count.default(100),
  test: count.default(100),
});

/** A scene of a folder. */
export interface RecordedScene extends Scene {
  readonly split: Split;
  /** Size of its file. */
  readonly bytes: number;
}

/** The content of `scenes.json`. */
export interface SceneRecord {
  readonly version: number;
  readonly plan: Required<SceneOptions>;
  readonly scenes: readonly RecordedScene[];
}

/** Whether a folder contains the record of drawn scenes. */
export function isScenes(folder: string): boolean {
  return existsSync(join(folder, recordName));
}

const recordSchema = z.object({
  version: z.int(),
  plan: sceneOptions,
  scenes: z.array(
    z.looseObject({
      file: z.string().regex(/^[\w-]+\.jpg$/),
      split: z.enum(splits),
      captions: z.array(z.string()).min(1),
      objects: z.array(z.looseObject({kind: z.string()})),
      bytes: z.int(),
    }),
  ),
});

/**
 * Reads the record of drawn scenes.
 *
 * @throws CaptionerError `not-found`, `dataset` (the record is unreadable) or `version`.
 */
export function readRecord(folder: string): SceneRecord {
  const path = join(folder, recordName);
  if (!existsSync(path))
    throw new CaptionerError('not-found', `${path}: expected the record of drawn scenes, found nothing`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CaptionerError('dataset', `${path}: expected JSON, got ${(error as Error).message}`, {
      cause: error,
    });
  }
  const found = (content as {version?: unknown} | null)?.version;
  if (typeof found === 'number' && found !== version)
    throw new CaptionerError(
      'version',
      `${path}: expected version ${version}, got ${found}; draw the scenes again`,
    );
  const result = recordSchema.safeParse(content);
  if (!result.success)
    throw new CaptionerError('dataset', `${path}: ${firstComplaint(result.error, content, recordSchema)}`);
  return result.data as unknown as SceneRecord;
}
