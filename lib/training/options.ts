/** What can be tuned in training, with defaults that are good for Flickr8k and, where its size asks for others, for a small set. */
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

/** What the rest of a run depends on: to change it under way would make the position, or the best score, meaningless. */
const fixed = {
  batch: 'the order of the captions',
  seed: 'the order of the captions',
  captionsPerImage: 'the order of the captions',
  maximumLength: 'the order of the captions',
  selectBy: 'which epoch is the best',
  validationImages: 'which epoch is the best',
  beams: 'which epoch is the best',
  lengthPenalty: 'which epoch is the best',
} as const;

/** What decides which options suit a run, beside the number of captions. */
export interface Task {
  /** What the decoder reads. @default 'pooled' */
  readonly features?: 'pooled' | 'grid';
  /** Whether the encoder learns too. @default false */
  readonly tuned?: boolean;
  /** @default 'cross-entropy' */
  readonly objective?: Objective;
}

/**
 * Few captions are learnt from more often, and in more and smaller steps. A decoder that looks at a grid has to begin more slowly, and an
 * encoder that learns sees each image once for all its captions, when the decoder has had time to say what it needs. Self-critical
 * training goes slowly, else the decoder becomes sure of the same few phrases, and leaves the encoder as it is.
 *
 * @param captions Number of captions to learn from.
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

/** @throws CaptionerError `options`, also when a change would reach into the order of the captions. */
export function changedSettings(settings: TrainerSettings, changes: TrainerOptions): TrainerSettings {
  const next = trainerSettings({...settings, ...changes});
  for (const [key, what] of Object.entries(fixed) as [keyof typeof fixed, string][])
    if (next[key] !== settings[key])
      throw new CaptionerError(
        'options',
        `trainer: \`${key}\` decides ${what}: expected it to stay ${settings[key]} in this run, got ${next[key]}`,
      );
  return next;
}

/** How far training has come. */
export interface Progress {
  /** Steps taken. */
  readonly step: number;
  /** Steps in all planned epochs. */
  readonly total: number;
  /** Epochs ended. */
  readonly epoch: number;
  /** The epochs that were judged, each with whether it was the best so far. */
  readonly judged: readonly {readonly best: boolean}[];
}

/**
 * The share of the learning rate that the next step gets. It follows from how far training has come and from nothing else, so
 * a resumed run has the rates of the uninterrupted one.
 *
 * `step` gives the rates of PyTorch's `StepLR(gamma=decay, step_size=decayEvery)`, `plateau` those of its `ReduceLROnPlateau(mode='max',
 * factor=decay, patience=decayEvery - 1, threshold=0)`: after each time that the rate fell, as after a better score, it waits
 * anew. Where validation has no captions no score ever gets better.
 */
export function scheduled(
  {
    schedule,
    warmup,
    decay,
    decayEvery,
  }: Pick<TrainerSettings, 'schedule' | 'warmup' | 'decay' | 'decayEvery'>,
  {step, total, epoch, judged}: Progress,
): number {
  const warm = warmup > 0 ? Math.min(1, (step + 1) / warmup) : 1;
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

/** How often so many epochs in a row were no better. */
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
