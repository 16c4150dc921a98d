/** `captioner export`: a checkpoint as it is shipped. */
import {userPath} from '../places';
import {exportCheckpoint} from '../training/combine';
import {print} from './output';

export interface ExportFlags {
  readonly to: string;
}

export async function exportTo(from: readonly string[], {to}: ExportFlags): Promise<void> {
  await exportCheckpoint(from.map(userPath), userPath(to));
  print(userPath(to));
}
