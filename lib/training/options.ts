/** What can be tuned in training, with defaults that are good for Flickr8k and, where its size asks for others, for a small set. */
import {z} from 'zod';
import {CaptionerError} from '../errors';
import {metricNames, type MetricName} from '../metrics/scorer';
import {parseOptions} from '../options';

export const objectives = ['cross-entropy', 'self-critical'] as const;
export type Objective = (typeof objectives)[number];
export const baselines = ['others', 'greedy'] as const;
export type Baseline = (typeof baselines)[number];
/** The learning rate schedules. */
export const schedules = ['cosine', 'constant', 'step', 'plateau'] as const;
/** The name of a learning rate schedule. */
export type Schedule = (typeof schedules)[number];

/** What the best epoch can be chosen by. */
export type Criterion = 'auto' | 'factual' | MetricName;
/** The values of the option `selectBy`. */
export const criteria: readonly Criterion[] = ['auto', 'factual', ...metricNames];

/** Options of training. */
export interface TrainerOptions {
  /** Times that each caption is seen; the schedule ends here. @default see `suitedOptions` */
  readonly epochs?: number;
  /** Captions in a step. @default see `suitedOptions` */
  readonly batch?: number;
  /** Learning rate of Adam, before the schedule. @default see `suitedOptions` */
  readonly learningRate?: number;
  /**
   * How the rate goes down: along a cosine to a hundredth of it; not at all; by `decay` every so many epochs; or by `decay`
   * whenever the score on validation, which the best epoch is chosen by, has not got better for so many. @default 'cosine'
   */
  readonly schedule?: Schedule;
  /** What `step` and `plateau` multiply the rate with. @default 0.8 */
  readonly decay?: number;
  /** The epochs that `step` and `plateau` wait. @default 3 */
  readonly decayEvery?: number;
  /** Steps in which the rate grows to its full size. @default see `suitedOptions` */
  readonly warmup?: number;
  /** Longest gradient, over all weights together; a longer one is shortened. @default 5 */
  readonly clipNorm?: number;
  /** Probability that all words share instead of the right one's, so that the decoder is never too sure. @default 0 */
  readonly labelSmoothing?: number;
  /** Part of each weight, times the rate, that a step takes off, apart from the gradient (AdamW); biases keep theirs. @default 0 */
  readonly weightDecay?: number;
  /** Batches that a step learns from, for larger ones than memory holds: their gradients are averaged. @default 1 */
  readonly accumulate?: number;
  /** What the moving average of the weights, which is judged and saved in their place, keeps of itself in a step; 0: none. @default see `suitedOptions` */
  readonly emaDecay?: number;
  /** Share of the words that the decoder goes on from its own words rather than people's, reached evenly in the last epoch. @default 0 */
  readonly scheduledSampling?: number;
  /**
   * `cross-entropy`: people's captions become more likely. `self-critical`: its own captions do, as far as CIDEr-D finds them better than
   * others of its own; for a decoder that can write already. @default 'cross-entropy'
   */
  readonly objective?: Objective;
  /** Captions that self-critical training samples for an image; 1 only with the baseline `greedy`. @default 5 */
  readonly samples?: number;
  /**
   * What logits are divided by while they are sampled and learnt from. Below 1 samples are more like what search writes; at 1 the surest way
   * to better samples is to become sure of few captions, which search has no use for. @default 0.4
   */
  readonly temperature?: number;
  /** What they are held against: the mean of the image's other samples, or what greedy search writes. @default 'others' */
  readonly baseline?: Baseline;
  /** Learning rate of an encoder that learns too, before the schedule; 0: it stays as it is. @default see `suitedOptions` */
  readonly encoderLearningRate?: number;
  /** Captions of an image that are learnt from together: an encoder that learns looks only once for all of them. @default see `suitedOptions` */
  readonly captionsPerImage?: number;
  /** Of the order of captions and of dropout. @default 1 */
  readonly seed?: number;
  /** Words of a caption that are learnt from, and at most written. @default 24 */
  readonly maximumLength?: number;
  /** Steps between checkpoints; one is saved at the end of each epoch anyway. @default 500 */
  readonly saveEvery?: number;
  /** Epochs without a better score on validation after which training ends; 0: never. @default 0 */
  readonly patience?: number;
  /** Metric of validation captions that the best epoch has most of; `auto`: `true` for drawn scenes, else CIDEr-D. @default 'auto' */
  readonly selectBy?: Criterion;
  /** Whether METEOR is computed after each epoch; its tables are read once, which takes one or two seconds. @default true */
  readonly meteor?: boolean;
  /** Validation images that are captioned and judged after each epoch. @default 1000 */
  readonly validationImages?: number;
  /** Test images that are captioned after each epoch. @default 8 */
  readonly panelImages?: number;
  /** Beams for the captions that are judged after each epoch. @default 3 */
  readonly beams?: number;
  /** See `SearchOptions`. @default 0.7 */
  readonly lengthPenalty?: number;
}

const suited = {
  small: {epochs: 16, batch: 32, learningRate: 0.001},
  large: {epochs: 10, batch: 128, learningRate: 0.002},
};

const fields = z.strictObject({
  epochs: z.int().min(1).max(100_000).default(suited.large.epochs),
  batch: z.int().min(1).max(65_536).default(suited.large.batch),
  learningRate: z.number().gt(0).max(10).default(suited.large.learningRate),
  schedule: z.enum(schedules).default('cosine'),
  decay: z.number().gt(0).max(1).default(0.8),
  decayEvery: z.int().min(1).default(3),
  warmup: z.int().min(0).default(0),
  clipNorm: z.number().gt(0).default(5),
  labelSmoothing: z.number().min(0).lt(1).default(0),
  weightDecay: z.number().min(0).max(1).default(0),
  accumulate: z.int().min(1).max(10_000).default(1),
  emaDecay: z.number().min(0).lt(1).default(0),
  scheduledSampling: z.number().min(0).max(1).default(0),
  objective: z.enum(objectives).default('cross-entropy'),
  samples: z.int().min(1).max(1000).default(5),
  temperature: z.number().min(0.01).max(100).default(0.4),
  baseline: z.enum(baselines).default('others'),
  encoderLearningRate: z.number().min(0).max(1).default(1e-4),
  captionsPerImage: z.int().min(1).max(1000).default(1),
  seed: z.int().min(0).max(0x7fffffff).default(1),
  maximumLength: z.int().min(1).max(200).default(24),
  saveEvery: z.int().min(1).default(500),
  patience: z.int().min(0).default(0),
  selectBy: z.enum(criteria).default('auto'),
  meteor: z.boolean().default(true),
  validationImages: z.int().min(0).default(1000),
  panelImages: z.int().min(0).max(100).default(8),
  beams: z.int().min(1).max(100).default(3),
  lengthPenalty: z.number().min(0).max(5).default(0.7),
});
const schema = fields.refine(({samples, baseline}) => samples > 1 || baseline === 'greedy', {
  path: ['samples'],
  message: 'expected 2 or more where they are held against each other (`baseline: others`)',
});

/** The options of training, with defaults filled in. */
export type TrainerSettings = Readonly<Required<TrainerOptions>>;

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
  const size = captions < 10_000 ? suited.small : suited.large;
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
  return parseOptions(schema, options, 'trainer');
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
