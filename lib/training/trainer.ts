/**
 * Trains a decoder on features and captions: one step at a time, epoch by epoch, or to the end. It orders what others do
 * (batches, loss, Adam, search, checkpoints) and reports through callbacks. Where it stands is a few numbers, so it can
 * be stopped at any step and go on in another process with the same losses, bit for bit.
 */
import type {Batch} from './batches';
import type {Decoder} from '../decoders/decoder';
import {interruptible, throwIfStopped, type Interrupt, type Stopping} from '../interrupt';
import type {Vocabulary} from '../text/vocabulary';
import type {Position} from '../checkpoints/checkpoint';
import type {EpochCursor} from './epoch-cursor';
import {
  meanLoss,
  patienceEnded,
  type EpochReport,
  type History,
  type PanelEntry,
  type StepReport,
} from '../checkpoints/history';
import {runToEnd, Validator, lossOf, panelOf, scoreOf} from './validation';
import type {TrainingData, Parts} from './training-data';
import {changedSettings, scheduled, type TrainerSettings, type TrainerOptions} from './options';
import type {Run, Skipped} from './run';
import {newRun, resumeRun, type OpenRun} from './open-run';
import type {EventLog} from './tensorboard/event-log';
import type {TrainableModel} from './trainable-model';

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
}

/** Options of `Trainer.train`. */
export interface TrainOptions extends TrainCallbacks {
  /** Epochs more. @default all that are planned */
  readonly epochs?: number;
  /** Stops it like the interrupt. */
  readonly signal?: AbortSignal;
}

/** Trains a decoder step by step, evaluates it after each epoch and saves checkpoints of the run. */
export class Trainer {
  readonly history: History;
  /** Checkpoints that resuming passed over, and why. */
  readonly skipped: readonly Skipped[];
  readonly #parts: Parts;
  readonly #material: TrainingData;
  readonly #judge: Validator;
  readonly #course: EpochCursor;
  readonly #model: TrainableModel;
  readonly #run: Run | undefined;
  readonly #log: EventLog | undefined;
  #settings: TrainerSettings;
  #closed = false;

  private constructor(start: OpenRun) {
    ({history: this.history, skipped: this.skipped, settings: this.#settings} = start);
    ({parts: this.#parts, material: this.#material, course: this.#course} = start);
    ({model: this.#model, run: this.#run, log: this.#log} = start);
    this.#judge = new Validator(this.#parts, this.#material);
  }

  /**
   * Starts a run.
   *
   * @param replace Whether an earlier run in the same folder is removed. @default false
   * @param measured Whether the decoder has learnt before and knows the features' mean and deviation. @default false
   * @throws CaptionerError `options`; `mismatch` when the parts do not belong together, or a run lies there already;
   *   `locked`; `dataset`; `diverged` when features are not finite.
   */
  static async create(
    {run, options, ...parts}: TrainerParts,
    {replace = false, measured = false}: {readonly replace?: boolean; readonly measured?: boolean} = {},
  ): Promise<Trainer> {
    return new Trainer(await newRun(parts, run, options, {replace, measured}));
  }

  /**
   * Goes on with the newest checkpoint of a run that is whole. The decoder and the vocabulary are the checkpoint's.
   *
   * @throws CaptionerError `not-found` when there is nothing to resume; `locked`; `mismatch` when the features come from
   *   another encoder, or the captions are not those that the run was learning.
   */
  static async resume(folder: string, parts: Pick<Parts, 'dataset' | 'features'>): Promise<Trainer> {
    return new Trainer(await resumeRun(folder, parts));
  }

  /** With the weights that learn; where a moving average is taken, captions after an epoch and checkpoints are of that. */
  get decoder(): Decoder {
    return this.#parts.decoder;
  }
  get vocabulary(): Vocabulary {
    return this.#parts.vocabulary;
  }
  get options(): TrainerSettings {
    return this.#settings;
  }
  get position(): Position {
    return {...this.#course.position, learningRate: this.learningRate};
  }
  get stepsPerEpoch(): number {
    return Math.ceil(this.#course.length / this.#settings.accumulate);
  }
  /** Images of the data set that nothing is learnt from or judged by, since they have no features. */
  get leftOut(): readonly string[] {
    return this.#material.leftOut;
  }

  /** The base learning rate; change it whenever you like. */
  get learningRate(): number {
    return this.#settings.learningRate;
  }
  set learningRate(learningRate: number) {
    this.configure({learningRate});
  }

  /**
   * Changes options between two steps; whoever resumes the run gets them too.
   *
   * @throws CaptionerError `options`, also for those that decide the order of the captions (`batch`, `seed`, `maximumLength`).
   */
  configure(changes: TrainerOptions): void {
    this.#settings = changedSettings(this.#settings, changes);
  }

  /** The batch that the next step learns from, or the first of those. */
  nextBatch(): Batch {
    return this.#course.next(1)[0]!;
  }

  /**
   * One step on the next batches; after an epoch's last the next epoch begins, without a look at validation.
   *
   * @throws CaptionerError `diverged` before the weights are touched, when the loss or the gradient is not finite.
   */
  step(): StepReport {
    this.#course.enter();
    const batches = this.#course.next(this.#settings.accumulate);
    const report = this.stepOn(...batches);
    this.#course.advance(batches.length);
    return report;
  }

  /** One step on batches of one's own; the position in the data stays where it is. */
  stepOn(...batches: readonly Batch[]): StepReport {
    throwIfStopped();
    const start = performance.now();
    const {scheduledSampling, epochs} = this.#settings;
    const {step, epoch} = this.#course.position;
    const total = epochs * this.stepsPerEpoch;
    const share = scheduled(this.#settings, {step, total, epoch, judged: this.history.epochs});
    const learningRate = this.learningRate * share;
    const encoderLearningRate = this.#settings.encoderLearningRate * share;
    const ownWords = scheduledSampling * Math.min(1, step / total);
    const learnt = this.#model.step(batches, {
      ...this.#settings,
      step,
      learningRate,
      encoderLearningRate,
      ownWords,
      onGradients: this.#course.endsAfter(batches.length)
        ? (found) => this.#log?.gradients(found, step + 1)
        : undefined,
    });
    this.#course.stepped();
    const report = {step: step + 1, epoch: epoch + 1, learningRate, ...learnt};
    this.history.steps.push(report);
    this.#log?.step(report, this.#settings, (performance.now() - start) / 1000);
    return report;
  }

  /**
   * Trains to the end of the current epoch, then validates, captions the panel and saves.
   *
   * @throws CaptionerError `stopped`, as `train`
   */
  async epoch({onStep, signal}: Pick<TrainOptions, 'onStep' | 'signal'> = {}): Promise<EpochReport> {
    return interruptible((interrupt) => this.#epoch(interrupt, onStep), this.#stopping(signal));
  }

  /**
   * Trains to the planned end, or `epochs` more, or until patience ends.
   *
   * @throws CaptionerError `stopped` when it was interrupted (the notebook's stop button, Ctrl-C, `signal`): it ends at the next step,
   *   saves, and continues when it is called again.
   */
  async train({epochs, onStep, onEpoch, signal}: TrainOptions = {}): Promise<void> {
    const last = epochs === undefined ? this.#settings.epochs : this.position.epoch + epochs;
    const impatient = (): boolean => patienceEnded(this.history, this.#settings.patience);
    // A run that ended by patience has ended, unless more epochs are asked for.
    if (epochs === undefined && impatient()) return;
    await interruptible(async (interrupt) => {
      while (this.position.epoch < last) {
        const report = await this.#epoch(interrupt, onStep);
        await onEpoch?.(report);
        if (impatient()) break;
      }
    }, this.#stopping(signal));
  }

  /** Mean cross entropy per word on the validation split (or some of its captions), teacher-forced, without dropout. */
  validationLoss(captions: number = Infinity): number {
    const {decoder, features} = this.#parts;
    return this.#model.withEmaWeights(() =>
      runToEnd(lossOf(decoder, features, this.#material.validation.slice(0, captions))),
    );
  }

  /** The same few test images each time, with what the decoder says about them now. */
  panel(images: number = this.#settings.panelImages): PanelEntry[] {
    return this.#model.withEmaWeights(() =>
      panelOf(this.#parts, this.#material.shown.slice(0, images), this.#settings),
    );
  }

  /** Saves a checkpoint into the run's folder; without one there is nothing to do. */
  async save(best = false): Promise<void> {
    if (this.#run === undefined) return;
    const {decoder, vocabulary, features} = this.#parts;
    const encoder = {...features.encoder, preprocessing: features.preprocessing};
    const run = this.#run;
    await this.#model.withEmaWeights(async (optimizer) => {
      const training = {
        settings: this.#settings,
        position: this.position,
        data: this.#material.digest,
        views: features.views ?? 1,
        mirrored: features.mirrored,
        history: this.history,
        optimizer: optimizer(),
      };
      const fineTuned = features.trainable?.fineTunedWeights();
      const checkpoint = {decoder, vocabulary, encoder, fineTuned, training};
      await run.save(checkpoint, training.position.step, best);
    });
  }

  /** Gives back the run's folder and all memory but the decoder's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#model.dispose();
    this.#log?.close();
    this.#run?.close();
  }

  #stopping(signal: AbortSignal | undefined): Stopping {
    const stopped = async (): Promise<string> => {
      await this.save();
      const total = this.#settings.epochs * this.stepsPerEpoch;
      const where = `at step ${this.position.step} of ${total}`;
      return this.#run ? `${where}, saved` : where;
    };
    return {stopped, signal};
  }

  async #epoch(interrupt: Interrupt, onStep: TrainCallbacks['onStep']): Promise<EpochReport> {
    const start = performance.now();
    while (!this.#course.ended) {
      interrupt.throwIfRequested();
      const report = this.step();
      await onStep?.(report);
      if (report.step % this.#settings.saveEvery === 0 && !this.#course.ended) await this.save();
      await interrupt.pause();
    }
    return this.#endEpoch(start, interrupt);
  }

  async #endEpoch(start: number, interrupt: Interrupt): Promise<EpochReport> {
    const found = await this.#model.withEmaWeights(() => this.#judge.epoch(this.#settings, interrupt));
    const {step, epoch} = this.#course.position;
    const best = this.#course.finish(scoreOf(found.metrics, this.#settings.selectBy));
    const seconds = (performance.now() - start) / 1000;
    const learningRate = this.history.steps.at(-1)?.learningRate ?? this.learningRate;
    const loss = meanLoss(this.history, epoch + 1);
    const report: EpochReport = {epoch: epoch + 1, step, loss, learningRate, ...found, seconds, best};
    this.history.epochs.push(report);

    // Save first: a log is only for looking at.
    await this.save(best);
    await this.#log?.epoch(report);
    return report;
  }
}
