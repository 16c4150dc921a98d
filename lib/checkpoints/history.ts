/** History of a run: every step and every epoch, kept in its checkpoints for a resumed run. */
import {z} from 'zod';
import {CaptionerError} from '../errors';
import type {Interval} from '../metrics/bootstrap';
import {firstComplaint} from '../options';
import {migrateHistory} from './migrate';

/** Results of a training step. */
export interface StepReport {
  /** Counted from 1. */
  readonly step: number;
  /** The epoch that the step belongs to, counted from 1. */
  readonly epoch: number;
  /** Mean cross entropy per word, in nats, with dropout. */
  readonly loss: number;
  readonly learningRate: number;
  /** Global L2 norm of the gradient, before clipping. */
  readonly gradientNorm: number;
  /** Mean CIDEr-D of the sampled captions, in self-critical training; then the loss is not the cross entropy. */
  readonly reward?: number;
}

/** A panel image with its current caption. */
export interface PanelEntry {
  readonly id: string;
  readonly file: string;
  readonly caption: string;
  readonly references: readonly string[];
}

/** Results of an epoch. */
export interface EpochReport {
  readonly epoch: number;
  /** Steps taken by its end. */
  readonly step: number;
  /** Mean of its steps' losses. */
  readonly loss: number;
  /** Mean cross entropy per word on the validation split, without dropout, teacher-forced; NaN if that split is empty. */
  readonly validationLoss: number;
  readonly learningRate: number;
  /** Scores of free-running captions on the validation split, by metric. */
  readonly metrics: Readonly<Record<string, number>>;
  /** 95 % bootstrap intervals of the metrics; absent in runs of version 0.1. */
  readonly intervals?: Readonly<Record<string, Interval>>;
  readonly seconds: number;
  readonly panel: readonly PanelEntry[];
  /** Whether its checkpoint is the best so far. */
  readonly best: boolean;
}

/** The reports of a run so far. */
export interface History {
  readonly steps: StepReport[];
  readonly epochs: EpochReport[];
}

/** Whether `patience` epochs have passed since the best one; never for 0, or for a run without validation scores. */
export function patienceEnded({epochs}: History, patience: number): boolean {
  const best = epochs.map((report) => report.best).lastIndexOf(true);
  return patience > 0 && best >= 0 && epochs.length - 1 - best >= patience;
}

/** Returns the mean loss of an epoch's steps. */
export function meanLoss({steps}: History, epoch: number): number {
  const losses = steps.filter((report) => report.epoch === epoch).map(({loss}) => loss);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

// JSON has no NaN: the loss on a validation split without captions comes back as null.
const score = z.number().nullable();
const schema = z.object({
  steps: z.array(
    z.looseObject({
      step: z.int(),
      epoch: z.int(),
      loss: score,
      learningRate: z.number(),
      gradientNorm: score,
      reward: score.optional(),
    }),
  ),
  epochs: z.array(
    z.looseObject({
      epoch: z.int(),
      step: z.int(),
      loss: score,
      validationLoss: score,
      learningRate: z.number(),
      metrics: z.record(z.string(), score),
      intervals: z.record(z.string(), z.looseObject({low: score, high: score})).optional(),
      seconds: z.number(),
      panel: z.array(
        z.looseObject({
          id: z.string(),
          file: z.string(),
          caption: z.string(),
          references: z.array(z.string()),
        }),
      ),
      best: z.boolean(),
    }),
  ),
});

/** @throws CaptionerError `header` */
export function parseHistory(bytes: Buffer, where: string): History {
  let content: unknown;
  try {
    content = migrateHistory(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new CaptionerError('header', `${where}: expected JSON`, {cause});
  }
  const {data, error} = schema.safeParse(content);
  if (!data) {
    const what = firstComplaint(error, content, schema);
    throw new CaptionerError('header', `${where}: expected the history of a run; ${what}`);
  }
  // As they were written: zod would put the fields in another order, and a resumed run writes the same bytes.
  const {steps, epochs} = content as History;
  return {steps, epochs: epochs.map((one) => ({...one, validationLoss: one.validationLoss ?? NaN}))};
}
