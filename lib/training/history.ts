/** What a run went through: every step and every epoch, kept in its checkpoints so that a resumed run knows its past. */

export interface StepReport {
  /** Counted from 1. */
  readonly step: number;
  /** The epoch that the step belongs to, counted from 1. */
  readonly epoch: number;
  /** Mean cross entropy per word, in nats, with dropout. */
  readonly loss: number;
  readonly rate: number;
  /** Length of the gradient over all weights, before clipping. */
  readonly gradientNorm: number;
}

/** A panel picture with what the decoder says about it now. */
export interface PanelEntry {
  readonly id: string;
  readonly file: string;
  readonly caption: string;
  readonly references: readonly string[];
}

export interface EpochReport {
  readonly epoch: number;
  /** Steps taken by its end. */
  readonly step: number;
  /** Mean of its steps' losses. */
  readonly loss: number;
  /** Mean cross entropy per word on the validation split, without dropout, teacher-forced. */
  readonly validationLoss: number;
  readonly rate: number;
  /** Of free-running captions on the validation split. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly panel: readonly PanelEntry[];
  /** Whether its checkpoint is the best so far. */
  readonly best: boolean;
}

export interface History {
  readonly steps: StepReport[];
  readonly epochs: EpochReport[];
}
