/**
 * The trainers that are open in this process, so that a notebook cell can be run again: whoever opens a run that is open already closes
 * what was opened before, and its memory is freed.
 */
import {shortPath} from '../paths';

/** A trainer that has a run, or a prepared training with all its parts. */
export interface OpenTraining {
  readonly kind: 'trainer' | 'training';
  /** Absolute path of the run's folder. */
  readonly folder: string;
  /** Folder that was asked for; another where that held a run already. */
  readonly asked: string;
  /**
   * Closes it.
   *
   * @param why Message of the error that its methods throw from now on.
   * @param dispose Whether to free a decoder that it made.
   */
  readonly close: (why: string, dispose: boolean) => void;
}

const open = new Set<OpenTraining>();

/** Remembers what was opened. Call the result when it is closed. */
export function remember(training: OpenTraining): () => void {
  open.add(training);
  return () => void open.delete(training);
}

/** Closes the trainer of a run that is resumed again. */
export function closeTrainerOf(folder: string): void {
  for (const one of [...open])
    if (one.kind === 'trainer' && one.folder === folder) one.close(reason(folder), true);
}

/** Closes the trainers of an earlier run for which the same folder was asked. What they were made of may be used again. */
export function closeTrainers(asked: string): void {
  for (const one of openedAs(asked)) if (one.kind === 'trainer') one.close(reason(asked), false);
}

/** Closes trainings and trainers of an earlier run for which the same folder was asked, and frees all that was made for them. */
export function closeTrainings(asked: string): void {
  const found = openedAs(asked);
  for (const one of found) if (one.kind === 'training') one.close(reason(asked), true);
  // A training has closed its own trainer, which is no longer open.
  for (const one of found) if (one.kind === 'trainer' && open.has(one)) one.close(reason(asked), true);
}

/** Finds everything opened under a name, whichever folder it got, and trainers that resumed it later. */
function openedAs(asked: string): OpenTraining[] {
  const folders = new Set([asked]);
  for (const one of open) if (one.asked === asked) folders.add(one.folder);
  return [...open].filter((one) => folders.has(one.folder));
}

function reason(folder: string): string {
  return `This trainer was closed when ${shortPath(folder)} was opened again; use the newer one`;
}
