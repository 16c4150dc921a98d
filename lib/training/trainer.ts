/**
 * Trains a decoder on features and captions: one step at a time, epoch by epoch, or to the end. It coordinates the parts (batches, loss,
 * Adam, search, checkpoints) and reports through callbacks. Its position is a few numbers, so training can be stopped at any step and
 * resumed in another process with bit-identical losses.
 */
import type {Batch} from './batches';
import type {Decoder} from '../decoders/decoder';
import {CaptionerError} from '../errors';
import {interruptible, throwIfStopped, type Interrupt, type Stopping} from '../interrupt';
import {shortPath} from '../paths';
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
import {keepStart, newRun, resumeRun, type OpenRun} from './open-run';
import {remember} from './open-trainings';
import type {EventLog} from './tensorboard';
import type {TrainableModel} from './trainable-model';

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
}

/** Options of `Trainer.train`. */
export interface TrainOptions extends TrainCallbacks {
  /** Number of further epochs. @default all that are planned */
  readonly epochs?: number;
  /** Stops training like Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** Trains a decoder step by step, evaluates it after each epoch and saves checkpoints of the run. */
export class Trainer {
  readonly history: History;
  /** Checkpoints that were skipped when the run was resumed, and why. */
  readonly skipped: readonly Skipped[];
  readonly #parts: Parts;
  readonly #material: TrainingData;
  readonly #judge: Validator;
  readonly #course: EpochCursor;
  readonly #model: TrainableModel;
  readonly #run: Run | undefined;
  readonly #log: EventLog | undefined;
  readonly #forget: (() => void) | undefined;
  readonly #ownDecoder: boolean;
  #settings: TrainerSettings;
  /** Message of the error that methods throw once the trainer is closed. */
  #closed: string | undefined;

  private constructor(start: OpenRun) {
    ({history: this.history, skipped: this.skipped, settings: this.#settings} = start);
    ({parts: this.#parts, material: this.#material, course: this.#course} = start);
    ({model: this.#model, run: this.#run, log: this.#log} = start);
    this.#judge = new Validator(this.#parts, this.#material);
    this.#ownDecoder = start.ownDecoder;
    const {folder = '', asked = ''} = this.#run ?? {};
    const close = (why: string, dispose: boolean): void => this.#close(why, dispose);
    this.#forget = this.#run && remember({kind: 'trainer', folder, asked, close});
    keepStart(this, start);
  }

  /**
   * Starts a run. If the folder holds one already, the new one gets a number: `scenes-2`. A trainer that this process opened under the same
   * name is closed.
   *
   * @param replace Whether an earlier run in the same folder is removed. @default false
   * @param measured Whether the decoder has learnt before and knows the features' mean and deviation. @default false
   * @throws CaptionerError `options`; `mismatch` when the parts do not belong together, or a checkpoint lies there;
   *   `locked`; `dataset`; `diverged` when features are not finite.
   */
  static async create(
    {run, options, ...parts}: TrainerParts,
    {replace = false, measured = false}: {readonly replace?: boolean; readonly measured?: boolean} = {},
  ): Promise<Trainer> {
    return new Trainer(await newRun(parts, run, options, {replace, measured}));
  }

  /**
   * Goes on with the newest checkpoint of a run that is whole. The decoder and the vocabulary are the checkpoint's. A trainer of this run
   * that this process opened before is closed, and the decoder with it if that was a checkpoint's.
   *
   * @throws CaptionerError `not-found` when there is nothing to resume; `locked`; `mismatch` when the features come from
   *   another encoder, or the captions are not those that the run was trained on.
   */
  static async resume(folder: string, parts: Pick<Parts, 'dataset' | 'features'>): Promise<Trainer> {
    return new Trainer(await resumeRun(folder, parts));
  }

  /** Absolute path of the run's folder; undefined where nothing is saved. */
  get folder(): string | undefined {
    return this.#run?.folder;
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
  /** Images of the dataset that are left out of training and validation, since they have no features. */
  get leftOut(): readonly string[] {
    return this.#material.leftOut;
  }

  /** The learning rate before the schedule; you can change it at any time. */
  get learningRate(): number {
    return this.#settings.learningRate;
  }
  set learningRate(learningRate: number) {
    this.configure({learningRate});
  }

  /**
   * Changes options between two steps; a resumed run keeps the changes.
   *
   * @throws CaptionerError `options`, also for those that are fixed during a run, such as `batch`, `seed` and `maximumLength`.
   */
  configure(changes: TrainerOptions): void {
    this.#checkOpen();
    this.#settings = changedSettings(this.#settings, changes);
  }

  /** Returns the batch of the next step, or the first of its batches. */
  nextBatch(): Batch {
    this.#checkOpen();
    return this.#course.next(1)[0]!;
  }

  /**
   * Takes a step on the next batches. After an epoch's last batch the next epoch begins, without validation.
   *
   * @throws CaptionerError `diverged` before the weights are touched, when the loss or the gradient is not finite.
   */
  step(): StepReport {
    this.#checkOpen();
    this.#course.enter();
    const batches = this.#course.next(this.#settings.accumulate);
    const report = this.stepOn(...batches);
    this.#course.advance(batches.length);
    return report;
  }

  /** Takes a step on the given batches; the position in the data does not change. */
  stepOn(...batches: readonly Batch[]): StepReport {
    this.#checkOpen();
    throwIfStopped();
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
    });
    this.#course.stepped();
    const report = {step: step + 1, epoch: epoch + 1, learningRate, ...learnt};
    this.history.steps.push(report);
    const {loss, gradientNorm, reward} = learnt;
    const scalars = {
      'loss/training': loss,
      learningRate,
      'gradient norm': gradientNorm,
      ...(reward !== undefined && {reward}),
    };
    this.#log?.scalars(scalars, report.step);
    return report;
  }

  /**
   * Trains to the end of the current epoch, then validates, captions the panel and saves.
   *
   * @throws CaptionerError `stopped`, as `train`
   */
  async epoch({onStep, signal}: Pick<TrainOptions, 'onStep' | 'signal'> = {}): Promise<EpochReport> {
    this.#checkOpen();
    return interruptible((interrupt) => this.#epoch(interrupt, onStep), this.#stopping(signal));
  }

  /**
   * Trains to the planned end, or `epochs` more, or until patience ends.
   *
   * @throws CaptionerError `stopped` when it was interrupted (the notebook's stop button, Ctrl-C, `signal`): it ends at the next step,
   *   saves, and continues when it is called again.
   */
  async train({epochs, onStep, onEpoch, signal}: TrainOptions = {}): Promise<void> {
    this.#checkOpen();
    const last = epochs === undefined ? this.#settings.epochs : this.position.epoch + epochs;
    const impatient = (): boolean => patienceEnded(this.history, this.#settings.patience);
    // A run that ended by patience continues only if more epochs are requested.
    if (epochs === undefined && impatient()) return;
    await interruptible(async (interrupt) => {
      while (this.position.epoch < last) {
        const report = await this.#epoch(interrupt, onStep);
        await onEpoch?.(report);
        if (impatient()) break;
      }
    }, this.#stopping(signal));
  }

  /** Returns the mean cross entropy per word on the validation split (or some of its captions), teacher-forced, without dropout. */
  validationLoss(captions: number = Infinity): number {
    this.#checkOpen();
    const {decoder, features} = this.#parts;
    return this.#model.withEmaWeights(() =>
      runToEnd(lossOf(decoder, features, this.#material.validation.slice(0, captions))),
    );
  }

  /** Captions the panel: the same few test images each time. */
  panel(images: number = this.#settings.panelImages): PanelEntry[] {
    this.#checkOpen();
    return this.#model.withEmaWeights(() =>
      panelOf(this.#parts, this.#material.shown.slice(0, images), this.#settings),
    );
  }

  /** Saves a checkpoint in the run's folder; without a folder, does nothing. */
  async save(best = false): Promise<void> {
    this.#checkOpen();
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

  /**
   * Gives back the run's folder and all memory but the decoder's.
   *
   * @param why Message of the error that methods throw from now on. @default that the trainer is closed
   */
  close(why?: string): void {
    const resume = this.folder === undefined ? '' : `, or resume the run in ${shortPath(this.folder)}`;
    this.#close(why ?? `This trainer is closed; make a new one${resume}`);
  }

  #close(why: string, dispose = false): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    this.#forget?.();
    this.#model.dispose();
    if (dispose && this.#ownDecoder) this.decoder.dispose();
    this.#log?.close();
    this.#run?.close();
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new CaptionerError('closed', this.#closed);
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

    // Save first: the log matters less than the checkpoint.
    await this.save(best);
    await this.#log?.epoch(report);
    return report;
  }
}
