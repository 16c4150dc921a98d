/** The record of drawn scenes: what they were drawn from, and what is in each. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import {CaptionerError} from '../../errors';
import {readTextChecked} from '../../files/regular-file';
import {firstComplaint} from '../../options';
import {splits, type Split} from '../dataset';
import type {Scene} from './scene';
import {sceneOptions, type ScenePlan} from './scene-options';

/** Version of `scenes.json`; incremented whenever the same seed would give other images or captions. */
export const version = 1;
export const recordName = 'scenes.json';

/** A scene of a folder. */
export interface RecordedScene extends Scene {
  readonly split: Split;
  /** Size of its file. */
  readonly bytes: number;
}

/** The content of `scenes.json`. */
export interface SceneRecord {
  readonly version: number;
  readonly plan: ScenePlan;
  readonly scenes: readonly RecordedScene[];
}

/** Whether a folder contains the record of drawn scenes. */
export function isScenes(folder: string): boolean {
  return existsSync(join(folder, recordName));
}

const recordSchema = z.object({
  version: z.int(),
  plan: sceneOptions.schema,
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
    content = JSON.parse(readTextChecked(path, {code: 'dataset'}));
  } catch (error) {
    if (error instanceof CaptionerError) throw error;
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
