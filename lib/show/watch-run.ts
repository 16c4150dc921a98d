/** Follows a run that another process trains, or one whose notebook was reloaded, by the files in its folder. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseHistory} from '../checkpoints/history';
import {CaptionerError} from '../errors';
import {lockOwner} from '../files/lock';
import {readFileChecked} from '../files/regular-file';
import {interruptible, type Interrupt} from '../interrupt';
import {userPath} from '../paths';
import {metricsName} from '../checkpoints/run-layout';
import {MetricsReader} from '../training/metrics-log';
import {TrainingState, type PanelImage} from './training-state';
import {trainingDisplay} from './watch';

/** Options of `watchRun`. */
export interface WatchRunOptions {
  /** Ends after this epoch. @default when the run ends or stops */
  readonly until?: number;
  /** Title of the curves. @default 'Loss' */
  readonly title?: string;
  /** Ends it like the interrupt; the training goes on. */
  readonly signal?: AbortSignal;
}

const interval = 500; // ms

/**
 * Shows how a run goes, from its files, until it ends or stops, its process ends, or the cell is stopped. The training itself is not
 * touched.
 *
 * @param folder Folder of the run.
 * @throws CaptionerError `not-found` if there is no run; `stopped` when watching was interrupted.
 * @example await watchRun('checkpoints/scenes');
 */
export async function watchRun(folder: string, options: WatchRunOptions = {}): Promise<void> {
  const {until = Infinity, title = 'Loss', signal} = options;
  const path = userPath(folder);
  const file = join(path, metricsName);
  if (!existsSync(file) && lockOwner(path) === undefined)
    throw new CaptionerError('not-found', `${path}: expected a run with a file ${metricsName}, found none`);
  let state = new TrainingState();
  const display = trainingDisplay(state, title, () => memoryOf(state.pid));
  const reader = new MetricsReader(file);
  let begun = false;

  /** Takes in what is new. Returns whether the run is over. */
  const advance = async (): Promise<boolean> => {
    // Asked before reading: a process that ends in between has written all it had to.
    const alive = lockOwner(path) !== undefined;
    const {fresh, events} = reader.read();
    if (fresh) display.follow((state = new TrainingState()));
    for (const event of events) state.add(event);
    // The first epoch is in the file before its checkpoint is saved.
    if ([...state.images.values()].some((image) => image.file === undefined))
      state.addImages(panelImages(path));
    const last = events.at(-1)?.type;
    const over = last === 'stop' || last === 'end' || state.ended >= until;
    if (!alive && !over) state.phase = 'died';
    if (!begun) await display.begin();
    begun = true;
    if (over || !alive) await display.finish();
    else await display.show(events);
    return over || !alive;
  };
  const work = async (interrupt: Interrupt): Promise<void> => {
    while (!(await advance()))
      for (let waited = 0; waited < interval; waited += 100) {
        await sleep(100);
        interrupt.throwIfRequested();
      }
  };
  const stopped = (): string => `watching at step ${state.step} of ${state.total}; the training goes on`;
  await interruptible(work, {stopped, signal}).finally(() => display.close());
}

/** Returns files and references of the panel's images, which the newest readable checkpoint holds. */
function panelImages(folder: string): readonly PanelImage[] {
  const checkpoints = join(folder, 'checkpoints');
  const names = existsSync(checkpoints) ? readdirSync(checkpoints) : [];
  for (const name of names
    .filter((one) => one.startsWith('step-'))
    .sort()
    .reverse())
    try {
      const file = join(checkpoints, name, 'history.json');
      const panel = parseHistory(readFileChecked(file, {code: 'header'}), file).epochs.at(-1)?.panel;
      if (panel) return panel;
    } catch {
      // It is being replaced, or damaged; an older one serves as well.
    }
  return [];
}

/** Returns the memory of a process, in bytes; undefined where the system does not tell. */
function memoryOf(pid: number | undefined): number | undefined {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
    return Number(pages) * 4096;
  } catch {
    return undefined;
  }
}
