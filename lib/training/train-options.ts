/** The parts of a trainer and the options of `train`. */
import type {EpochReport, StepReport} from '../checkpoints/history';
import type {OnEvent} from './journal';
import type {TrainerOptions} from './options';
import type {Run} from './run';
import type {Parts} from './training-data';

/** The parts that a trainer is made of. */
export interface TrainerParts extends Parts {
  /** Folder of the run, or the run itself; absent: nothing is written. A folder that holds a run already gets a number. */
  readonly run?: string | Run;
  readonly options?: TrainerOptions;
}

/** Functions that are called during training; training waits for the promises that they return. */
export interface TrainCallbacks {
  readonly onStep?: (report: StepReport) => void | Promise<void>;
  readonly onEpoch?: (report: EpochReport) => void | Promise<void>;
  /** Is called with everything that happens, as it is written to `metrics.jsonl`. */
  readonly onEvent?: OnEvent;
}

/** Options of `Trainer.train`. */
export interface TrainOptions extends TrainCallbacks {
  /** Number of further epochs. @default all that are planned */
  readonly epochs?: number;
  /** The epoch after which training ends, in place of `epochs`: a cell with it can be run again. @default the last that is planned */
  readonly until?: number;
  /** Stops training like Ctrl-C. */
  readonly signal?: AbortSignal;
}
