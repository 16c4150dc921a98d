/** `captioner watch`: shows how a run goes that another process trains. */
import {watchRun} from '../show/watch-run';

export interface WatchFlags {
  readonly until?: number;
}

export async function watch(run: string, {until}: WatchFlags): Promise<void> {
  await watchRun(run, until === undefined ? {} : {until});
}
