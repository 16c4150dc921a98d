/**
 * The events of a training run. The same objects go to callbacks, to `metrics.jsonl` in the run's folder (one JSON object a line) and to
 * displays, so whatever is shown can also be read from the file.
 */
import {basename} from 'node:path';
import type {EpochReport} from '../checkpoints/history';
import type {Position} from '../checkpoints/metadata';
import {countCaptions} from '../datasets/image-list';
import type {EncoderIdentity} from '../encoders/identity';
import type {Batch} from './batches';
import type {StepResult} from './step';
import type {Parts} from './training-data';
import type {TrainerSettings} from './trainer-options';

interface At {
  /** ISO 8601. */
  readonly time: string;
  /** Steps taken. */
  readonly step: number;
}

/** Training begins, or continues. */
export interface BeginEvent extends At {
  readonly type: 'begin' | 'resume';
  /** Epochs that have ended. */
  readonly epoch: number;
  /** Planned epochs. */
  readonly epochs: number;
  /** The epoch after which this call of `train` ends. */
  readonly until: number;
  readonly stepsPerEpoch: number;
  readonly settings: TrainerSettings;
  readonly decoder: {readonly kind: string; readonly options: Readonly<Record<string, unknown>>};
  readonly encoder: EncoderIdentity;
  readonly data: {readonly folder: string; readonly images: number; readonly captions: number};
  /** Notes for the reader of the run, such as that a score can only be 0. */
  readonly notes?: readonly string[];
  /** Id of the process that trains. */
  readonly pid: number;
  /** Result of the last `findLearningRate` in this process. */
  readonly learningRateTest?: LearningRateTest;
}

/** Learning rates of a range test: the one it suggests, and the one with the least loss, beyond which training is unstable. */
export interface LearningRateTest {
  readonly suggestion: number;
  readonly minimum: number;
}

/** A step was taken. */
export interface StepEvent extends At {
  readonly type: 'step';
  /** Counted from 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly reward?: number;
  /** Duration of the step. */
  readonly seconds: number;
  /** Images and target words in its batches. */
  readonly images: number;
  readonly words: number;
}

/** Validation at the end of an epoch has got this far. */
export interface ValidationEvent extends At {
  readonly type: 'validation';
  /** The loss is computed for captions, then images are captioned. */
  readonly unit: 'captions' | 'images';
  readonly done: number;
  readonly total: number;
}

/** An epoch ended. */
export interface EpochEvent
  extends At, Pick<EpochReport, 'epoch' | 'loss' | 'metrics' | 'intervals' | 'seconds'> {
  readonly type: 'epoch';
  /** Null without validation captions. */
  readonly validationLoss: number | null;
  /** Whether it is the best epoch so far. */
  readonly best: boolean;
  readonly panel: readonly {readonly id: string; readonly caption: string}[];
  /** The most frequent caption of the validation images. */
  readonly mostFrequent?: {readonly caption: string; readonly images: number; readonly of: number};
  /** Mean distance between the attention weights of consecutive words of the panel, 0 to 1, if the decoder attends. */
  readonly attentionShift?: number;
}

/** The kinds of alarms. */
export const alarmKinds = [
  'data',
  'learning-rate',
  'not-finite',
  'gradient-explodes',
  'gradient-zero',
  'same-caption',
  'attention-still',
  'validation-rises',
] as const;
/** The kind of an alarm. */
export type AlarmKind = (typeof alarmKinds)[number];

/** Something looks wrong. */
export interface AlarmEvent extends At {
  readonly type: 'alarm';
  readonly kind: AlarmKind;
  /** Says what is wrong, and what to do. */
  readonly message: string;
}

/** Training paused (`stop`), or all planned epochs are done (`end`). */
export interface EndEvent extends At {
  readonly type: 'stop' | 'end';
}

/** An event of a training run. */
export type TrainingEvent = BeginEvent | StepEvent | ValidationEvent | EpochEvent | AlarmEvent | EndEvent;

/** Returns the current time as events carry it. */
export function now(): string {
  return new Date().toISOString();
}

/** Creates the event of a call of `train` that begins. */
export function beginEvent(
  type: BeginEvent['type'],
  {dataset, features, decoder}: Parts,
  {step, epoch}: Pick<Position, 'step' | 'epoch'>,
  plan: Pick<BeginEvent, 'stepsPerEpoch' | 'settings' | 'until' | 'notes' | 'learningRateTest'>,
): BeginEvent {
  const captions = countCaptions(dataset.images);
  return {
    type,
    time: now(),
    step,
    epoch,
    epochs: plan.settings.epochs,
    ...plan,
    decoder: {kind: decoder.kind, options: decoder.options},
    encoder: {...features.encoder, preprocessing: features.preprocessing},
    data: {folder: basename(dataset.folder), images: dataset.images.length, captions},
    pid: process.pid,
  };
}

/** Creates the event of a step from its result. */
export function stepEvent(
  {step, epoch, learningRate}: Pick<StepEvent, 'step' | 'epoch' | 'learningRate'>,
  result: StepResult,
  batches: readonly Batch[],
  seconds: number,
): StepEvent {
  const images = new Set(batches.flatMap(({ids}) => ids)).size;
  const words = batches.reduce((sum, {targets}) => targets.reduce((n, id) => n + (id > 0 ? 1 : 0), sum), 0);
  return {type: 'step', time: now(), step, epoch, learningRate, ...result, seconds, images, words};
}

/** Creates the event of an epoch from its report. */
export function epochEvent(
  {epoch, step, loss, validationLoss, metrics, intervals, seconds, best, panel}: EpochReport,
  more: Pick<EpochEvent, 'mostFrequent' | 'attentionShift'>,
): EpochEvent {
  return {
    type: 'epoch',
    time: now(),
    step,
    epoch,
    loss,
    validationLoss: Number.isFinite(validationLoss) ? validationLoss : null,
    metrics,
    ...(intervals && {intervals}),
    seconds,
    best,
    panel: panel.map(({id, caption}) => ({id, caption})),
    ...more,
  };
}
