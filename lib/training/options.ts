/** Options of training: defaults that suit the data and the task, changes during a run, and the learning rate schedule. */
import {CaptionerError} from '../errors';
import type {TrainerOptions} from '../option-types';
import {parseOptions} from '../options';
import {suitedSizes, trainerOptions, type Objective, type TrainerSettings} from './trainer-options';

export {
  baselines,
  criteria,
  objectives,
  schedules,
  type Baseline,
  type Criterion,
  type Objective,
  type Schedule,
  type TrainerSettings,
} from './trainer-options';
export type {TrainerOptions};

/** Options that are fixed during a run, and what depends on them: the position in the data, or the best score. */
const fixed = {
  batch: 'the order of the captions',
  seed: 'the order of the captions',
  captionsPerImage: 'the order of the captions',
  shuffleShards: 'the order of the captions',
  maximumLength: 'the order of the captions',
  selectBy: 'which epoch is the best',
  validationImages: 'which epoch is the best',
  beams: 'which epoch is the best',
  lengthPenalty: 'which epoch is the best',
} as const;

/** Properties of a run that determine its default options, besides the number of captions. */
export interface Task {
  /** Kind of features that the decoder reads. @default 'pooled' */
  readonly features?: 'pooled' | 'grid';
  /** Whether the encoder is fine-tuned. @default false */
  readonly tuned?: boolean;
  /** @default 'cross-entropy' */
  readonly objective?: Objective;
}

/**
 * Returns the default options that suit a run. A small dataset needs more epochs and more, smaller steps; a decoder that attends to a grid
 * needs a lower learning rate. A fine-tuned encoder runs once per image for all its captions, and warms up while the decoder adapts.
 * Self-critical training needs a low learning rate, or the decoder converges to a few phrases; it leaves the encoder frozen.
 *
 * @param captions Number of training captions.
 */
export function suitedOptions(
  captions: number,
  {features = 'pooled', tuned = false, objective = 'cross-entropy'}: Task = {},
): Pick<
  TrainerSettings,
  'epochs' | 'batch' | 'learningRate' | 'encoderLearningRate' | 'captionsPerImage' | 'warmup' | 'emaDecay'
> {
  const size = captions < 10_000 ? suitedSizes.small : suitedSizes.large;
  const rest = {encoderLearningRate: 1e-4, captionsPerImage: 1, warmup: 0, emaDecay: 0};
  if (objective === 'self-critical')
    return {
      ...rest,
      ...size,
      epochs: 3,
      learningRate: 2e-5,
      encoderLearningRate: 0,
      captionsPerImage: 5,
      emaDecay: 0.99,
    };
  const learningRate = features === 'grid' || tuned ? 0.001 : size.learningRate;
  return {
    ...rest,
    ...size,
    learningRate,
    ...(tuned && {captionsPerImage: 5, warmup: captions < 10_000 ? 0 : 300}),
  };
}

/** @throws CaptionerError `options` */
export function trainerSettings(options: unknown = {}): TrainerSettings {
  return parseOptions(trainerOptions.schema, options, trainerOptions.owner);
}

/** @throws CaptionerError `options`, also for options that are fixed during a run. */
export function changedSettings(settings: TrainerSettings, changes: TrainerOptions): TrainerSettings {
  const next = trainerSettings({...settings, ...changes});
  const all = {...fixed, ...(settings.shuffleShards > 0 && {accumulate: fixed.batch})};
  for (const [key, what] of Object.entries(all) as [keyof typeof all, string][])
    if (next[key] !== settings[key])
      throw new CaptionerError(
        'options',
        `trainer: \`${key}\` decides ${what}: expected it to stay ${settings[key]} in this run, got ${next[key]}`,
      );
  return next;
}

/** Progress of training. */
export interface Progress {
  /** Steps taken. */
  readonly step: number;
  /** Steps in all planned epochs. */
  readonly total: number;
  /** Completed epochs. */
  readonly epoch: number;
  /** Validated epochs, each with whether it was the best so far. */
  readonly judged: readonly {readonly best: boolean}[];
}

/**
 * Returns the factor of the learning rate for the next step. It depends only on the progress, so a resumed run has the rates of the
 * uninterrupted one.
 *
 * `step` gives the rates of PyTorch's `StepLR(gamma=decay, step_size=decayEvery)`, `plateau` those of its `ReduceLROnPlateau(mode='max',
 * factor=decay, patience=decayEvery - 1, threshold=0)`: it waits anew after each reduction and each better score; of equal
 * scores, the one with the lower validation loss is better. Without validation captions no score ever improves.
 *
 * A rate that is scaled for larger batches warms up from the unscaled one (Goyal et al. 2017, section 2.2).
 */
export function scheduled(
  {
    schedule,
    warmup: ownWarmup,
    decay,
    decayEvery,
    epochs,
    accumulate,
    learningRateScaling: scaling,
  }: Pick<
    TrainerSettings,
    'schedule' | 'warmup' | 'decay' | 'decayEvery' | 'epochs' | 'accumulate' | 'learningRateScaling'
  >,
  {step, total, epoch, judged}: Progress,
): number {
  const scale = scaling === 'linear' ? accumulate : scaling === 'square-root' ? Math.sqrt(accumulate) : 1;
  const warmup = ownWarmup > 0 || scale === 1 ? ownWarmup : Math.ceil(total / epochs);
  const grown = warmup > 0 ? Math.min(1, (step + 1) / warmup) : 1;
  const warm = scale === 1 ? grown : 1 + (scale - 1) * grown;
  if (schedule === 'constant') return warm;
  if (schedule === 'step') return warm * decay ** Math.floor(epoch / decayEvery);
  if (schedule === 'plateau') return warm * decay ** plateaus(judged, decayEvery);
  const way = Math.min(1, Math.max(0, step - warmup) / Math.max(1, total - warmup));
  return warm * Math.max(0.01, (1 + Math.cos(Math.PI * way)) / 2);
}

/** Returns the learning rates of the next step, and the fraction of input words that are the model's own predictions. */
export function stepRates(
  settings: TrainerSettings,
  progress: Progress,
): {readonly learningRate: number; readonly encoderLearningRate: number; readonly ownWords: number} {
  const share = scheduled(settings, progress);
  return {
    learningRate: settings.learningRate * share,
    encoderLearningRate: settings.encoderLearningRate * share,
    ownWords: settings.scheduledSampling * Math.min(1, progress.step / progress.total),
  };
}

/** Counts how often `every` epochs in a row were no better. */
function plateaus(judged: Progress['judged'], every: number): number {
  let [found, waited] = [0, 0];
  for (const {best} of judged) {
    waited = best ? 0 : waited + 1;
    if (waited < every) continue;
    found++;
    waited = 0;
  }
  return found;
}
