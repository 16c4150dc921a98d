/**
 * Trains a decoder on features and captions: one step at a time, epoch by epoch, or to the end. It orders what others do
 * (batches, loss, Adam, search, checkpoints) and reports through callbacks. Where it stands is a few numbers, so it can
 * be stopped at any step and go on in another process with the same losses, bit for bit.
 */
import type {Batch} from './batches';
import type {Decoder} from '../decoders/decoder';
import {CaptionerError} from '../errors';
import {throwIfStopped} from '../interrupt';
import type {Vocabulary} from '../text/vocabulary';
import type {Position} from '../checkpoints/checkpoint';
import type {EpochCursor} from './epoch-cursor';
import type {EpochReport, History, PanelEntry, StepReport} from '../checkpoints/history';
import {stepEvent} from './events';
import type {Journal} from './journal';
import {runToEnd, lossOf, panelOf} from './validation';
import type {TrainingData, Parts} from './training-data';
import {changedSettings, stepRates, type TrainerSettings, type TrainerOptions} from './options';
import type {Run, Skipped} from './run';
import {newRun, resumeRun, type OpenRun} from './open-run';
import {saveRun} from './save-run';
import type {StepResult} from './step';
import type {EventLog} from './tensorboard';
import type {TrainCallbacks, TrainerParts, TrainOptions} from './train-options';
import {TrainLoop} from './train-loop';
import type {TrainableModel} from './trainable-model';

export type {TrainCallbacks, TrainerParts, TrainOptions};

/** Trains a decoder step by step, evaluates it after each epoch and saves checkpoints of the run. */
export class Trainer {
  readonly history: History;
  /** Checkpoints that resuming passed over, and why. */
  readonly skipped: readonly Skipped[];
  readonly #parts: Parts;
  readonly #material: TrainingData;
  readonly #course: EpochCursor;
  readonly #model: TrainableModel;
  readonly #run: Run | undefined;
  readonly #log: EventLog | undefined;
  readonly #journal: Journal;
  readonly #loop: TrainLoop;
  #settings: TrainerSettings;
  #closed = false;

  private constructor(start: OpenRun) {
    ({history: this.history, skipped: this.skipped, settings: this.#settings} = start);
    ({parts: this.#parts, material: this.#material, course: this.#course} = start);
    ({model: this.#model, run: this.#run, log: this.#log} = start);
    this.#journal = start.journal;
    this.#loop = new TrainLoop({
      ...start,
      log: start.log,
      saves: start.run !== undefined,
      settings: () => this.#settings,
      stepsPerEpoch: () => this.stepsPerEpoch,
      step: () => this.step(),
      save: (best) => this.save(best),
    });
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
    if (!this.#journal.open) this.#loop.begin();
    const start = performance.now();
    const {step, epoch} = this.#course.position;
    const progress = {step, epoch, total: this.#loop.total, judged: this.history.epochs};
    const rates = stepRates(this.#settings, progress);
    const learnt = this.#learn(batches, {...this.#settings, step, ...rates});
    this.#course.stepped();
    const {learningRate} = rates;
    const {loss, gradientNorm, reward} = learnt;
    const result = {loss, gradientNorm, ...(reward !== undefined && {reward})};
    const report = {step: step + 1, epoch: epoch + 1, learningRate, ...result};
    this.history.steps.push(report);
    this.#journal.emit(stepEvent(report, result, batches, (performance.now() - start) / 1000));
    this.#log?.step(report);
    return report;
  }

  /**
   * Trains to the end of the current epoch, then validates, captions the panel and saves.
   *
   * @throws CaptionerError `stopped`, as `train`
   */
  async epoch(options: Omit<TrainOptions, 'epochs' | 'onEpoch'> = {}): Promise<EpochReport> {
    const until = this.position.epoch + 1;
    return this.#loop.sitting(until, options, (interrupt) => this.#loop.epoch(interrupt, options));
  }

  /**
   * Trains to the planned end, or `epochs` more, or until patience ends. Where nothing is left to do, only `onEvent` is called, so that a
   * display shows the run.
   *
   * @throws CaptionerError `stopped` when it was interrupted (the notebook's stop button, Ctrl-C, `signal`): it ends at the next step,
   *   saves, and continues when it is called again.
   */
  async train({epochs, ...options}: TrainOptions = {}): Promise<void> {
    const last = epochs === undefined ? this.#settings.epochs : this.position.epoch + epochs;
    // A run that ended by patience has ended, unless more epochs are asked for.
    const ended = this.position.epoch >= last || (epochs === undefined && this.#loop.impatient);
    if (ended) return void (await options.onEvent?.(this.#loop.endEvent()));
    await this.#loop.sitting(last, options, async (interrupt) => {
      while (this.position.epoch < last) {
        const report = await this.#loop.epoch(interrupt, options);
        await options.onEpoch?.(report);
        if (this.#loop.impatient) break;
      }
    });
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
    this.#journal.flush();
    const state = {settings: this.#settings, position: this.position, history: this.history};
    await saveRun(this.#run, this.#parts, this.#material, this.#model, state, best);
  }

  /** Gives back the run's folder and all memory but the decoder's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#model.dispose();
    this.#log?.close();
    this.#journal.close();
    this.#run?.close();
  }

  #learn(...work: Parameters<TrainableModel['step']>): StepResult {
    try {
      return this.#model.step(...work);
    } catch (error) {
      if (error instanceof CaptionerError && error.code === 'diverged')
        this.#journal.diverged(this.position.step + 1, error.message);
      throw error;
    }
  }
}
