/** The state of a run as displays need it, built from its events. A run that is resumed passes its history first. */
import type {EpochReport, StepReport} from '../checkpoints/history';
import type {AlarmEvent, BeginEvent, EpochEvent, TrainingEvent, ValidationEvent} from '../training/events';
import {Pace} from './pace';
import {TrainingCurves} from './training-curves';

/** A run that a display begins with; a `Trainer` is one. */
export interface WatchedRun {
  readonly history: {readonly steps: readonly StepReport[]; readonly epochs: readonly EpochReport[]};
  readonly options: {readonly epochs: number};
  readonly stepsPerEpoch: number;
  readonly position: {readonly step: number; readonly epoch: number};
}

/** The scores of an epoch. */
export type EpochRow = Pick<EpochEvent, 'epoch' | 'step' | 'loss' | 'validationLoss' | 'metrics' | 'seconds'>;

/** An image whose captions are shown after each epoch. */
export interface PanelImage {
  readonly id: string;
  readonly file?: string;
  readonly references?: readonly string[];
}

/** The captions of the panel after an epoch, by image. */
export interface PanelEpoch {
  readonly epoch: number;
  readonly captions: ReadonlyMap<string, string>;
}

/** `died`: the process that trained the run is gone and has not stopped it. */
export type Phase = 'waiting' | 'training' | 'validating' | 'stopped' | 'ended' | 'died';

export class TrainingState {
  readonly pace: Pace = new Pace();
  readonly epochs: EpochRow[] = [];
  readonly images: Map<string, PanelImage> = new Map();
  readonly panels: PanelEpoch[] = [];
  readonly alarms: AlarmEvent[] = [];
  readonly curves: TrainingCurves;
  phase: Phase = 'waiting';
  validation: ValidationEvent | undefined;
  /** The epoch with the best score so far. */
  best: number | undefined;
  /** Steps taken, and epochs that have ended. */
  step = 0;
  ended = 0;
  /** Steps taken since the display began. */
  taken = 0;
  /** Planned epochs, and the epoch after which this call of `train` ends. */
  planned: number;
  until: number;
  stepsPerEpoch: number;
  /** Counts changes of the epochs and of the panel. */
  version = 0;
  /** The process that trains. */
  pid: number | undefined;

  constructor(run?: WatchedRun) {
    this.planned = this.until = run?.options.epochs ?? 1;
    this.stepsPerEpoch = run?.stepsPerEpoch ?? 1;
    this.curves = new TrainingCurves(this.total);
    if (!run) return;
    ({step: this.step, epoch: this.ended} = run.position);
    for (const report of run.history.steps) this.curves.addStep(report);
    for (const report of run.history.epochs) this.#addEpoch(report);
  }

  /** Steps in all planned epochs. */
  get total(): number {
    return this.planned * this.stepsPerEpoch;
  }

  add(event: TrainingEvent): void {
    this.pace.add(event);
    if (event.type === 'begin' || event.type === 'resume') this.#begin(event);
    else if (event.type === 'step') {
      this.curves.addStep(event);
      this.phase = 'training';
      this.taken++;
    } else if (event.type === 'validation') {
      this.phase = 'validating';
      this.validation = event;
    } else if (event.type === 'epoch') {
      this.#addEpoch(event);
      this.phase = 'training';
      this.taken++;
    } else if (event.type === 'alarm') this.alarms.push(event);
    else this.phase = event.type === 'end' ? 'ended' : 'stopped';
    if (event.type !== 'alarm') this.step = event.step;
  }

  /** Adds what is known of the panel's images. */
  addImages(images: readonly PanelImage[]): void {
    for (const {id, file, references} of images) {
      const known = this.images.get(id);
      if (known?.file !== undefined || (known && file === undefined)) continue;
      this.images.set(id, {id, ...(file !== undefined && {file}), ...(references && {references})});
      this.version++;
    }
  }

  #begin(event: BeginEvent): void {
    const {epochs, until, stepsPerEpoch, pid, epoch} = event;
    Object.assign(this, {planned: epochs, until, stepsPerEpoch, pid, ended: epoch});
    this.curves.plan(this.total);
    this.phase = 'training';
  }

  #addEpoch(
    report: EpochRow & Pick<EpochEvent, 'best'> & {readonly panel: readonly PanelImageCaption[]},
  ): void {
    const {epoch, step, loss, validationLoss, metrics, seconds, best, panel} = report;
    const finite = validationLoss !== null && Number.isFinite(validationLoss) ? validationLoss : null;
    this.epochs.push({epoch, step, loss, validationLoss: finite, metrics, seconds});
    if (best) this.best = epoch;
    this.ended = epoch;
    this.version++;
    this.curves.addValidation(step, validationLoss);
    this.addImages(panel);
    this.panels.push({epoch, captions: new Map(panel.map(({id, caption}) => [id, caption]))});
  }
}

type PanelImageCaption = PanelImage & {readonly caption: string};
