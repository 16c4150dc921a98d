/**
 * Trains a decoder on features and captions: one step at a time, epoch by epoch, or to the end. It coordinates the parts (batches, loss,
 * Adam, search, checkpoints) and reports through callbacks. Its position is a few numbers, so training can be stopped at any step and
 * resumed in another process with bit-identical losses.
 */
import type {Batch} from './batches';
import type {Decoder} from '../decoders/decoder';
import {setDescription} from '../description';
import {CaptionerError} from '../errors';
import {throwIfStopped} from '../interrupt';
import {shortPath} from '../paths';
import {recordFact, recordTraining} from '../report-record';
import type {tf} from '../tensorflow/tensorflow';
import type {Vocabulary} from '../text/vocabulary';
import type {Position} from '../checkpoints/checkpoint';
import {describeTrainer} from './describe-trainer';
import type {EpochCursor} from './epoch-cursor';
import type {EpochReport, History, PanelEntry, StepReport} from '../checkpoints/history';
import {stepEvent} from './events';
import type {Journal} from './journal';
import {runToEnd, lossOf, panelOf} from './validation';
import type {TrainingData, Parts} from './training-data';
import {changedSettings, stepRates, type TrainerSettings, type TrainerOptions} from './options';
import type {Run, Skipped} from './run';
import {keepStart, newRun, resumeRun, type OpenRun, type StopVote} from './open-run';
import {remember} from './open-trainings';
import {saveRun} from './save-run';
import type {StepResult} from './step';
import type {EventLog} from './tensorboard/event-log';
import type {TrainCallbacks, TrainerParts, TrainOptions} from './train-options';
import {TrainLoop} from './train-loop';
import type {TrainableModel} from './trainable-model';

export type {TrainCallbacks, TrainerParts, TrainOptions};

/** Trains a decoder step by step, evaluates it after each epoch and saves checkpoints of the run. */
export class Trainer {
  readonly history: History;
  /** Checkpoints that were skipped when the run was resumed, and why. */
  readonly skipped: readonly Skipped[];
  readonly #parts: Parts;
  readonly #material: TrainingData;
  readonly #course: EpochCursor;
  readonly #model: TrainableModel;
  readonly #run: Run | undefined;
  readonly #log: EventLog | undefined;
  readonly #forget: (() => void) | undefined;
  readonly #ownDecoder: boolean;
  readonly #journal: Journal;
  readonly #loop: TrainLoop;
  readonly #vote: StopVote | undefined;
  #settings: TrainerSettings;
  /** Message of the error that methods throw once the trainer is closed. */
  #closed: string | undefined;

  private constructor(start: OpenRun) {
    ({history: this.history, skipped: this.skipped, settings: this.#settings} = start);
    ({parts: this.#parts, material: this.#material, course: this.#course} = start);
    ({model: this.#model, run: this.#run, log: this.#log} = start);
    this.#ownDecoder = start.ownDecoder;
    const {folder = '', asked = ''} = this.#run ?? {};
    const close = (why: string, dispose: boolean): void => this.#close(why, dispose);
    this.#forget = this.#run && remember({kind: 'trainer', folder, asked, close});
    keepStart(this, start);
    this.#journal = start.journal;
    this.#vote = start.vote;
    this.#loop = new TrainLoop({
      ...start,
      log: start.log,
      saves: start.run !== undefined,
      settings: () => this.#settings,
      stepsPerEpoch: () => this.stepsPerEpoch,
      step: () => this.step(),
      save: (best) => this.save(best),
    });
    if (this.#run) this.#record();
  }

  /** Records the seed and the best scores, for a report. */
  #record(): void {
    recordFact('Seed', `${this.#settings.seed}`);
    recordTraining(() => this.history.epochs.filter(({best}) => best).at(-1)?.metrics);
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
    if (!this.#journal.open) this.#loop.begin();
    const start = performance.now();
    const {step, epoch} = this.#course.position;
    const progress = {step, epoch, total: this.#loop.total, judged: this.history.epochs};
    const rates = stepRates(this.#settings, progress);
    const onGradients = this.#course.endsAfter(batches.length)
      ? (found: ReadonlyMap<string, tf.Tensor>) => this.#log?.gradients(found, step + 1)
      : undefined;
    const stop = this.#vote?.asked;
    const learnt = this.#learn(batches, {...this.#settings, step, ...rates, onGradients, stop});
    if (this.#vote && learnt.stop) this.#vote.agreed = true;
    this.#course.stepped();
    const {learningRate} = rates;
    const {loss, gradientNorm, reward} = learnt;
    const result = {loss, gradientNorm, ...(reward !== undefined && {reward})};
    const report = {step: step + 1, epoch: epoch + 1, learningRate, ...result};
    this.history.steps.push(report);
    const seconds = (performance.now() - start) / 1000;
    this.#journal.emit(stepEvent(report, result, batches, seconds));
    this.#log?.step(report, this.#settings, seconds);
    return report;
  }

  /**
   * Trains to the end of the current epoch, then validates, captions the panel and saves.
   *
   * @throws CaptionerError `stopped`, as `train`
   */
  async epoch(options: Omit<TrainOptions, 'epochs' | 'until' | 'onEpoch'> = {}): Promise<EpochReport> {
    this.#checkOpen();
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
  async train({epochs, until, ...options}: TrainOptions = {}): Promise<void> {
    this.#checkOpen();
    const planned = until === undefined && epochs === undefined;
    const last = until ?? (planned ? this.#settings.epochs : this.position.epoch + epochs!);
    // A run that ended by patience continues only if more epochs are requested.
    const ended = this.position.epoch >= last || (planned && this.#loop.impatient);
    if (ended) return void (await options.onEvent?.(this.#loop.endEvent()));
    await this.#loop.sitting(last, options, async (interrupt) => {
      while (this.position.epoch < last) {
        const report = await this.#loop.epoch(interrupt, options);
        await options.onEpoch?.(report);
        if (this.#loop.impatient) break;
      }
    });
  }

  /** Returns the mean cross entropy per word on the validation split (or some of its captions), teacher-forced, without dropout. */
  validationLoss(captions: number = Infinity): number {
    this.#checkOpen();
    const {decoder, features} = this.#parts;
    return this.#model.withEmaWeights(() =>
      runToEnd(lossOf(decoder, features, this.#material.validation.first(captions))),
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
    this.#journal.flush();
    const state = {settings: this.#settings, position: this.position, history: this.history};
    await saveRun(this.#run, this.#parts, this.#material, this.#model, state, best);
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
    this.#journal.close();
    this.#run?.close();
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new CaptionerError('closed', this.#closed);
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

setDescription(Trainer.prototype, describeTrainer);
