/** `captioner export`: writes a checkpoint for captioning only. */
import type {InferenceViews} from '../encoders/augmentation';
import {userPath} from '../paths';
import {exportCheckpoint} from '../checkpoints/export';
import {print, seeingOf} from './io';

export interface ExportFlags extends InferenceViews {
  readonly to: string;
  readonly replace?: boolean;
}

export async function exportTo(from: readonly string[], flags: ExportFlags): Promise<void> {
  const to = userPath(flags.to);
  const {replace = false} = flags;
  await exportCheckpoint(from.map(userPath), to, {...seeingOf(flags), replace});
  print(to);
}
