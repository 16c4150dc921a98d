/**
 * Trains a decoder on features and captions: one step at a time, epoch by epoch, or to the end. It orders what others do
 * (batches, loss, Adam, search, checkpoints) and reports through callbacks. Where it stands is a few numbers, so it can
 * be stopped at any step and go on in another process with the same losses, bit for bit.
 */
import {setImmediate as letEventsThrough} from 'node:timers/promises';
import {BatchPlan, type Batch} from '../data/batches';
import type {Decoder} from '../decoders/decoder';
import {CaptionerError} from '../errors';
import {Adam} from '../runtime/adam';
import type {Vocabulary} from '../text/vocabulary';
import type {Position} from './checkpoint';
import {patienceEnded, type EpochReport, type History, type PanelEntry, type StepReport} from './history';
import {Interrupt} from './interrupt';
import {atOnce, judge, lossOf, panelOf} from './judgement';
import {checkResumable, gather, measureFeatures, type Material, type Parts} from './material';
import {changedSettings, scheduled, trainerSettings, type Settings, type TrainerOptions} from './options';
import {Run, type Skipped} from './run';
import {learn} from './step';
import {EventLog} from './tensorboard';

export interface TrainerParts extends Parts {
  /** Folder of the run; absent: nothing is written. */
  readonly run?: string;
  readonly options?: TrainerOptions;
}

export interface TrainCallbacks {
  readonly onStep?: (report: StepReport) => void | Promise<void>;
  readonly onEpoch?: (report: EpochReport) => void | Promise<void>;
}

export interface TrainOptions extends TrainCallbacks {
  /** Epochs more. @default all that are planned */
  readonly epochs?: number;
  /** Stops it like the interrupt. */
  readonly signal?: AbortSignal;
}

export class Trainer {
  readonly history: History = {steps: [], epochs: []};
  readonly #adam: Adam;
  readonly #log: EventLog | undefined;
  #position: Omit<Position, 'rate'> = {step: 0, epoch: 0, batch: 0};
  #plan: {readonly epoch: number; readonly batches: BatchPlan} | undefined;
  readonly #interrupt = new Interrupt();
  #closed = false;

  private constructor(
    private readonly parts: Parts,
    private readonly material: Material,
    private settings: Settings,
    private readonly run: Run | undefined,
    /** Checkpoints that resuming passed over, and why. */
    readonly skipped: readonly Skipped[] = [],
  ) {
    this.#log = run && new EventLog(run.tensorboard);
    this.#adam = new Adam(parts.decoder.weights);
  }

  /**
   * Starts a run.
   *
   * @param replace Whether an earlier run in the same folder is removed. @default false
   * @throws CaptionerError `options`; `mismatch` when the parts do not belong together, or a run lies there already;
   *   `locked`; `dataset`; `diverged` when features are not finite.
   */
  static async create(
    {run: folder, options, ...parts}: TrainerParts,
    {replace = false}: {readonly replace?: boolean} = {},
  ): Promise<Trainer> {
    const settings = trainerSettings(options);
    const material = gather(parts, settings.maximumLength);
    measureFeatures(parts, material);
    const run = folder === undefined ? undefined : new Run(folder);
    try {
      if (run && run.checkpoints().length > 0) {
        if (!replace)
          throw new CaptionerError(
            'mismatch',
            `${run.folder}: a run lies here already; resume it, or choose another folder`,
          );
        await run.clear();
      }
      return new Trainer(parts, material, settings, run);
    } catch (error) {
      run?.close();
      throw error;
    }
  }

  /**
   * Goes on with the newest checkpoint of a run that is whole. The decoder and the vocabulary are the checkpoint's.
   *
   * @throws CaptionerError `not-found` when there is nothing to resume; `locked`; `mismatch` when the features come from
   *   another encoder, or the captions are not those that the run was learning.
   */
  static async resume(folder: string, {dataset, store}: Pick<Parts, 'dataset' | 'store'>): Promise<Trainer> {
    const run = new Run(folder, {existing: true});
    let decoder: Decoder | undefined;
    let trainer: Trainer | undefined;
    try {
      const {checkpoint, skipped} = await run.newest();
      const {training, vocabulary} = checkpoint;
      decoder = checkpoint.decoder;
      const {rate, ...position} = training.position;
      const settings = {...training.settings, rate};
      const parts = {dataset, store, vocabulary, decoder};
      const material = gather(parts, settings.maximumLength);
      checkResumable(run.folder, checkpoint.encoder, training.data, store, material);
      trainer = new Trainer(parts, material, settings, run, skipped);
      trainer.#adam.restore(training.optimizer);
      trainer.#position = position;
      trainer.history.steps.push(...training.history.steps);
      trainer.history.epochs.push(...training.history.epochs);
      await run.rewind(position.step, position.best?.step);
      return trainer;
    } catch (error) {
      if (trainer) trainer.close();
      else run.close();
      decoder?.dispose();
      throw error;
    }
  }

  get decoder(): Decoder {
    return this.parts.decoder;
  }
  get vocabulary(): Vocabulary {
    return this.parts.vocabulary;
  }
  get options(): Settings {
    return this.settings;
  }
  get position(): Position {
    return {...this.#position, rate: this.rate};
  }
  get stepsPerEpoch(): number {
    return this.#batches().length;
  }
  /** Images of the data set that nothing is learnt from or judged by, since they have no features. */
  get leftOut(): readonly string[] {
    return this.material.leftOut;
  }

  /** The base learning rate; change it whenever you like. */
  get rate(): number {
    return this.settings.rate;
  }
  set rate(rate: number) {
    this.configure({rate});
  }

  /**
   * Changes options between two steps; whoever resumes the run gets them too.
   *
   * @throws CaptionerError `options`, also for those that decide the order of the captions (`batch`, `seed`, `maximumLength`).
   */
  configure(changes: TrainerOptions): void {
    this.settings = changedSettings(this.settings, changes);
  }

  /** The batch that the next step learns from. */
  nextBatch(): Batch {
    const {epoch, batch} = this.#position;
    return batch < this.stepsPerEpoch ? this.#batches().batch(batch) : this.#batches(epoch + 1).batch(0);
  }

  /**
   * One step on the next batch; after an epoch's last batch the next epoch begins, without a look at validation.
   *
   * @throws CaptionerError `diverged` before the weights are touched, when the loss or the gradient is not finite.
   */
  step(): StepReport {
    const {epoch, batch} = this.#position;
    const batches = this.stepsPerEpoch;
    if (batch >= batches) this.#position = {...this.#position, epoch: epoch + 1, batch: 0};
    const report = this.stepOn(this.nextBatch());
    this.#position = {...this.#position, batch: this.#position.batch + 1};
    return report;
  }

  /** One step on a batch of one's own; the position in the data stays where it is. */
  stepOn(batch: Batch): StepReport {
    const {step} = this.#position;
    const total = this.settings.epochs * this.stepsPerEpoch;
    const rate = this.rate * scheduled(this.settings, step, total);
    const {decoder, store} = this.parts;
    const {seed, clip} = this.settings;
    const {loss, gradientNorm} = learn(decoder, store, this.#adam, batch, {seed, step, rate, clip});
    this.#position = {...this.#position, step: step + 1};
    const report = {step: step + 1, epoch: this.#position.epoch + 1, loss, rate, gradientNorm};
    this.history.steps.push(report);
    this.#log?.scalars({'loss/training': loss, 'rate': rate, 'gradient norm': gradientNorm}, report.step);
    return report;
  }

  /** To the end of the current epoch, then looks at validation and panel, and saves. Undefined when it was stopped. */
  async epoch({onStep}: Pick<TrainCallbacks, 'onStep'> = {}): Promise<EpochReport | undefined> {
    const start = performance.now();
    let breath = start;
    while (this.#position.batch < this.stepsPerEpoch) {
      if (this.#interrupt.asked) return undefined;
      const report = this.step();
      await onStep?.(report);
      const ended = this.#position.batch === this.stepsPerEpoch;
      if (report.step % this.settings.saveEvery === 0 && !ended) await this.save();
      // Native calls block this thread: without a pause neither the stop button nor a drawing gets through.
      if (performance.now() - breath > 50) {
        await letEventsThrough();
        breath = performance.now();
      }
    }
    return this.#endEpoch(start);
  }

  /**
   * Trains to the planned end, or `epochs` more, or until patience ends. The interrupt (the notebook's stop button, Ctrl-C)
   * stops it at the next step, and it is saved.
   *
   * @returns Whether it was stopped.
   */
  async train({epochs, onStep, onEpoch, signal}: TrainOptions = {}): Promise<{stopped: boolean}> {
    const last = epochs === undefined ? this.settings.epochs : this.#position.epoch + epochs;
    return this.#interrupt.during(signal, async () => {
      while (this.#position.epoch < last && !this.#interrupt.asked) {
        const report = await this.epoch({...(onStep && {onStep})});
        if (report === undefined) break;
        await onEpoch?.(report);
        if (patienceEnded(this.history, this.settings.patience)) break;
      }
      const stopped = this.#interrupt.asked;
      if (stopped) await this.save();
      return {stopped};
    });
  }

  /** Mean cross entropy per word on the validation split (or some of its captions), teacher-forced, without dropout. */
  validationLoss(captions: number = Infinity): number {
    const {decoder, store} = this.parts;
    return atOnce(lossOf(decoder, store, this.material.validation.slice(0, captions)));
  }

  /** The same few test pictures each time, with what the decoder says about them now. */
  panel(pictures: number = this.settings.panel): PanelEntry[] {
    return panelOf(this.parts, this.material.shown.slice(0, pictures), this.settings);
  }

  /** Saves a checkpoint into the run's folder; without one there is nothing to do. */
  async save(best = false): Promise<void> {
    if (this.run === undefined) return;
    const {decoder, vocabulary, store} = this.parts;
    const encoder = {...store.encoder, preprocessing: store.preprocessing};
    const training = {
      settings: this.settings,
      position: this.position,
      data: this.material.digest,
      history: this.history,
      optimizer: this.#adam.state(),
    };
    await this.run.save({decoder, vocabulary, encoder, training}, this.#position.step, best);
  }

  /** Gives back the run's folder and all memory but the decoder's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#adam.dispose();
    this.#log?.close();
    this.run?.close();
  }

  async #endEpoch(start: number): Promise<EpochReport | undefined> {
    const {epoch: ended, step} = this.#position;
    const epoch = ended + 1;
    const found = await judge(this.parts, this.material, this.settings, () => this.#interrupt.asked);
    if (found === undefined) return undefined;

    const score = found.metrics['BLEU-4'];
    const best = score !== undefined && score > (this.#position.best?.score ?? -1);
    const losses = this.history.steps.filter((report) => report.epoch === epoch).map(({loss}) => loss);
    const report: EpochReport = {
      epoch,
      step,
      loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
      rate: this.history.steps.at(-1)?.rate ?? this.rate,
      ...found,
      seconds: (performance.now() - start) / 1000,
      best,
    };
    this.history.epochs.push(report);
    this.#position = {step, epoch, batch: 0, best: best ? {score, step} : this.#position.best};

    // Save first: a log is only for looking at.
    await this.save(best);
    await this.#log?.epoch(report);
    return report;
  }

  #batches(epoch: number = this.#position.epoch): BatchPlan {
    if (this.#plan?.epoch !== epoch) {
      const {batch, seed} = this.settings;
      this.#plan = {epoch, batches: new BatchPlan(this.material.training, batch, {seed, epoch})};
    }
    return this.#plan.batches;
  }
}
