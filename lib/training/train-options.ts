/** What a trainer is made of, and what `train` is told. */
import type {EpochReport, StepReport} from '../checkpoints/history';
import type {OnEvent} from './journal';
import type {TrainerOptions} from './options';
import type {Parts} from './training-data';

/** The parts that a trainer is made of. */
export interface TrainerParts extends Parts {
  /** Folder of the run; absent: nothing is written. */
  readonly run?: string;
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
  /** Epochs more. @default all that are planned */
  readonly epochs?: number;
  /** Stops it like the interrupt. */
  readonly signal?: AbortSignal;
}
