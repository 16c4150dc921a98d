/** The live display of a training in this process. */
import {inNotebook} from './output';
import {TrainingState, type WatchedRun} from './training-state';
import {TrainingTerminal} from './training-terminal';
import {TrainingView, type TrainingDisplay} from './training-view';
import type {TrainingEvent} from '../training/events';

/** Callbacks for the trainer that show its progress. */
export interface Watch {
  readonly onEvent: (event: TrainingEvent) => Promise<void>;
}

/** Options of `watchTraining`. */
export interface WatchOptions {
  /** Title of the curves. @default 'Loss' */
  readonly title?: string;
}

/** Returns the display that suits where the code runs. */
export function trainingDisplay(
  state: TrainingState,
  title: string,
  memory: () => number | undefined,
  ownTraining: boolean = false,
): TrainingDisplay {
  return inNotebook()
    ? new TrainingView(state, title, memory)
    : new TrainingTerminal(state, memory, ownTraining);
}

/**
 * Creates a live view of a training: its state, loss curves, captions of the same images after each epoch with a slider through the
 * epochs, scores, and alarms. What the run went through before is shown too. If nothing is left to train, it shows the run as it is.
 *
 * @param trainer The trainer, whose history may hold earlier epochs.
 * @returns Callbacks for the trainer.
 * @example await trainer.train({epochs: 5, ...watchTraining(trainer)});
 */
export function watchTraining(trainer: WatchedRun, {title = 'Loss'}: WatchOptions = {}): Watch {
  const state = new TrainingState(trainer);
  const memory = (): number => process.memoryUsage.rss();
  const display = trainingDisplay(state, title, memory, true);
  let begun = false;
  const onEvent = async (event: TrainingEvent): Promise<void> => {
    state.add(event);
    // Events have no paths in them; the history does.
    if (event.type === 'epoch') state.addImages(trainer.history.epochs.at(-1)?.panel ?? []);
    if (!begun) await display.begin();
    begun = true;
    await display.show([event]);
  };
  return {onEvent};
}
