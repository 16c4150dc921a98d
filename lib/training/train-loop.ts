/**
 * The loop of a trainer: epoch by epoch, step by step, with validation at the end of each epoch. It can be stopped between any two steps,
 * saves what it has, and reports through events and callbacks.
 */
import {
  meanLoss,
  patienceEnded,
  type EpochReport,
  type History,
  type StepReport,
} from '../checkpoints/history';
import {CaptionerError} from '../errors';
import {interruptible, isStopped, type Interrupt} from '../interrupt';
import {fromChief} from './chief';
import type {EpochCursor} from './epoch-cursor';
import {beginEvent, epochEvent, now, type EndEvent} from './events';
import type {Journal} from './journal';
import type {StopVote} from './open-run';
import type {TrainerSettings} from './options';
import type {EventLog} from './tensorboard/event-log';
import type {TrainOptions} from './train-options';
import type {TrainableModel} from './trainable-model';
import {startNotes} from './start-notes';
import type {Parts, TrainingData} from './training-data';
import {scoreOf, Validator, type ValidationFindings} from './validation';

/** Parts of a trainer that the loop works with. */
export interface LoopParts {
  readonly parts: Parts;
  readonly material: TrainingData;
  readonly course: EpochCursor;
  readonly model: TrainableModel;
  readonly history: History;
  readonly journal: Journal;
  readonly log: EventLog | undefined;
  /** Seconds that the epoch in progress has taken before. */
  readonly seconds: number;
  /** How the workers of a cluster agree to stop; undefined without a cluster. */
  readonly vote?: StopVote | undefined;
  /** Whether there is a folder to save in. */
  readonly saves: boolean;
  readonly settings: () => TrainerSettings;
  readonly stepsPerEpoch: () => number;
  readonly step: () => StepReport;
  readonly save: (best?: boolean) => Promise<void>;
}

export class TrainLoop {
  readonly #judge: Validator;
  /** Seconds that the epoch in progress has taken in earlier calls. */
  #seconds: number;

  constructor(private readonly trainer: LoopParts) {
    this.#judge = new Validator(trainer.parts, trainer.material);
    this.#seconds = trainer.seconds;
  }

  /** Steps in all planned epochs. */
  get total(): number {
    return this.trainer.settings().epochs * this.trainer.stepsPerEpoch();
  }

  /** Whether patience has ended. */
  get impatient(): boolean {
    return patienceEnded(this.trainer.history, this.trainer.settings().patience);
  }

  /** Records that training begins or continues. */
  begin(until: number = this.trainer.settings().epochs): void {
    const {course, parts, journal, settings, stepsPerEpoch} = this.trainer;
    const {learningRateTest} = journal;
    const begins = course.position.step === 0;
    const notes = begins ? startNotes(parts, this.trainer.material, settings()) : [];
    const plan = {
      ...{stepsPerEpoch: stepsPerEpoch(), settings: settings(), until},
      ...(notes.length > 0 && {notes}),
      ...(learningRateTest && {learningRateTest}),
    };
    journal.emit(beginEvent(begins ? 'begin' : 'resume', parts, course.position, plan));
  }

  /** Returns the event of a pause, or of the end of all planned epochs. */
  endEvent(): EndEvent {
    const {step, epoch} = this.trainer.course.position;
    const ended = epoch >= this.trainer.settings().epochs || this.impatient;
    return {type: ended ? 'end' : 'stop', time: now(), step};
  }

  /**
   * Runs a part of the training that can be stopped, and calls back with its events.
   *
   * @param until Epoch after which it ends.
   * @throws CaptionerError `stopped`
   */
  async sitting<T>(
    until: number,
    {onEvent, signal}: TrainOptions,
    work: (interrupt: Interrupt) => Promise<T>,
  ): Promise<T> {
    const {journal, course, saves} = this.trainer;
    const end = async (): Promise<void> => {
      journal.emit(this.endEvent());
      await journal.deliver(onEvent);
    };
    const stopped = async (): Promise<string> => {
      await this.trainer.save();
      await end();
      return `at step ${course.position.step} of ${this.total}${saves ? ', saved' : ''}`;
    };
    const whole = async (interrupt: Interrupt): Promise<T> => {
      try {
        await journal.deliver(onEvent);
        const result = await work(interrupt);
        await end();
        return result;
      } catch (error) {
        // The callback itself may be what failed.
        if (!isStopped(error)) await end().catch(() => undefined);
        throw error;
      }
    };
    if (this.trainer.vote) this.trainer.vote.agreed = false;
    journal.listen();
    this.begin(until);
    return interruptible(whole, {stopped, signal}).finally(() => journal.stopListening());
  }

  /** Trains to the end of the current epoch, then validates, captions the panel and saves. */
  async epoch(interrupt: Interrupt, {onStep, onEvent}: TrainOptions): Promise<EpochReport> {
    const {course, journal, settings, step, save, vote} = this.trainer;
    const [start, before] = [performance.now(), this.#seconds];
    const seconds = (): number => before + (performance.now() - start) / 1000;
    const {epoch} = course.position;
    try {
      while (!course.ended) {
        // In a cluster all workers stop after the same step.
        if (vote) vote.asked = interrupt.signal.aborted;
        else interrupt.throwIfRequested();
        const report = step();
        await onStep?.(report);
        await journal.deliver(onEvent);
        if (vote?.agreed) throwStopped(interrupt);
        if (report.step % settings().saveEvery === 0 && !course.ended) await save();
        await interrupt.pause();
      }
      return await this.#endEpoch(seconds, interrupt, onEvent);
    } finally {
      this.#seconds = course.position.epoch > epoch ? 0 : seconds();
    }
  }

  async #endEpoch(
    seconds: () => number,
    interrupt: Interrupt,
    onEvent: TrainOptions['onEvent'],
  ): Promise<EpochReport> {
    const {course, history, journal, log, model, save} = this.trainer;
    const settings = this.trainer.settings();
    const {step, epoch} = course.position;
    const validate = (): Promise<ValidationFindings> =>
      model.withEmaWeights(() =>
        this.#judge.epoch(settings, interrupt, (unit, done, total) => {
          journal.emit({type: 'validation', time: now(), step, unit, done, total});
          return journal.deliver(onEvent);
        }),
      );
    const {more, ...found} = await (this.trainer.vote
      ? this.#validateOnChief(validate, interrupt)
      : validate());
    const best = course.finish(scoreOf(found.metrics, settings.selectBy), found.validationLoss);
    const learningRate = history.steps.at(-1)?.learningRate ?? settings.learningRate;
    const loss = meanLoss(history, epoch + 1);
    const report = {epoch: epoch + 1, step, loss, learningRate, ...found, seconds: seconds(), best};
    history.epochs.push(report);

    // A log that is ahead of the checkpoint is cut back; one that lags behind would have a gap.
    journal.emit(epochEvent(report, more));
    await save(best);
    await log?.epoch(report);
    await journal.deliver(onEvent);
    return report;
  }

  /** Validates on the chief, whose findings and weights are those of all workers. */
  async #validateOnChief(
    validate: () => Promise<ValidationFindings>,
    interrupt: Interrupt,
  ): Promise<ValidationFindings> {
    const {model, course} = this.trainer;
    const digest = model.digest();
    const found = await fromChief(async () => {
      const findings = await validate().catch((error: unknown) => {
        if (isStopped(error)) return undefined;
        throw error;
      });
      return {findings, digest};
    });
    if (found.digest !== digest)
      throw new CaptionerError(
        'mismatch',
        `step ${course.position.step}: expected the weights of the chief, got others: the processors of the workers round in different ways; train on machines of one kind`,
      );
    return found.findings ?? throwStopped(interrupt);
  }
}

function throwStopped(interrupt: Interrupt): never {
  interrupt.request();
  interrupt.throwIfRequested();
  throw new Error('unreachable');
}
