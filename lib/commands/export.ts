/** `captioner export`: a checkpoint as it is shipped. */
import type {Seeing} from '../encoders/views';
import {userPath} from '../places';
import {exportCheckpoint} from '../training/combine';
import {print, seeingOf} from './output';

export interface ExportFlags extends Seeing {
  readonly to: string;
  readonly replace?: boolean;
}

export async function exportTo(from: readonly string[], flags: ExportFlags): Promise<void> {
  const to = userPath(flags.to);
  const {replace = false} = flags;
  await exportCheckpoint(from.map(userPath), to, {...seeingOf(flags), replace});
  print(to);
}
