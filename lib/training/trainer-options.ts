/** The options of a trainer. Loads neither TensorFlow nor metrics, since `--help` lists them. */
import {z} from 'zod';
import {metricNames, type MetricName} from '../metric-names';
import type {FieldMeta} from '../option-fields';
import {optionGroup, type OptionGroup} from '../option-group';
import type {TrainerOptions} from '../option-types';

export const objectives = ['cross-entropy', 'self-critical'] as const;
export type Objective = (typeof objectives)[number];
export const baselines = ['others', 'greedy'] as const;
export type Baseline = (typeof baselines)[number];
/** The learning rate schedules. */
export const schedules = ['cosine', 'constant', 'step', 'plateau'] as const;
/** The name of a learning rate schedule. */
export type Schedule = (typeof schedules)[number];

/** How the learning rate grows with `accumulate`. */
export const scalings = ['none', 'linear', 'square-root'] as const;

/** The types of the factors of matrix products. */
export const precisions = ['float32', 'bfloat16'] as const;

/** Compilers that turn a training step into machine code. */
export const compilers = ['none', 'xla'] as const;

/** Selects the best epoch: a metric, `factual`, or whichever of them suits the dataset. */
export type Criterion = 'auto' | 'factual' | MetricName;
/** The values of the option `selectBy`. */
export const criteria: readonly Criterion[] = ['auto', 'factual', ...metricNames];

/** The options of training, with defaults filled in. */
export type TrainerSettings = Readonly<Required<TrainerOptions>>;

/** Options that suit fewer than 10,000 captions, and those that suit more. */
export const suitedSizes = {
  small: {epochs: 16, batch: 32, learningRate: 0.001},
  large: {epochs: 10, batch: 128, learningRate: 0.002},
} as const;
const {small, large} = suitedSizes;

/** @param others Which defaults `suitedOptions` chooses instead, and when. */
function suited<Field extends z.ZodType>(field: Field, description: string, others: string): Field {
  const option: FieldMeta = {suited: true};
  return field.describe(`${description} \`suitedOptions\` chooses ${others}.`).meta({option});
}

const fields = z.strictObject({
  epochs: suited(
    z.int().min(1).max(100_000).default(large.epochs),
    'Passes over the training captions; the learning-rate schedule ends with the last one.',
    `${small.epochs} for fewer than 10,000 captions and 3 for self-critical training`,
  ),
  batch: suited(
    z.int().min(1).max(65_536).default(large.batch),
    'Captions in a batch.',
    `${small.batch} for fewer than 10,000 captions`,
  ),
  learningRate: suited(
    z.number().gt(0).max(10).default(large.learningRate),
    'Learning rate of Adam, before the schedule.',
    `${small.learningRate} for fewer than 10,000 captions, a decoder that attends to a grid or a fine-tuned encoder, and 0.00002 for self-critical training`,
  ),
  schedule: z
    .enum(schedules)
    .default('cosine')
    .describe(
      'How the learning rate changes: `cosine` lowers it to a hundredth by the last step, `constant` keeps it, `step` multiplies it by `decay` every `decayEvery` epochs, `plateau` after `decayEvery` epochs without a better validation score.',
    ),
  decay: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe('Factor that the schedules `step` and `plateau` multiply the learning rate by.'),
  decayEvery: z.int().min(1).default(3).describe('Epochs that the schedules `step` and `plateau` wait.'),
  warmup: suited(
    z.int().min(0).default(0),
    'Steps in which the learning rate grows linearly to its full value.',
    '300 for a fine-tuned encoder and 10,000 captions or more',
  ),
  learningRateScaling: z
    .enum(scalings)
    .default('none')
    .describe(
      'How the learning rates grow with `accumulate`, which makes the batch of a step larger: `linear` multiplies them by it, `square-root` by its root. They start unscaled and grow over the `warmup`, or over the first epoch if that is 0.',
    ),
  clipNorm: z
    .number()
    .gt(0)
    .default(5)
    .describe('Maximum global gradient norm; longer gradients are scaled down.'),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Probability mass that the target spreads evenly over all words instead of the correct one.'),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Decoupled weight decay (AdamW), multiplied by the learning rate; biases are exempt.'),
  accumulate: z
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe('Batches per step, whose gradients are averaged: for larger batches than memory holds.'),
  emaDecay: suited(
    z.number().min(0).lt(1).default(0),
    'EMA decay of the weights that are validated and saved; 0 disables it.',
    '0.99 for self-critical training',
  ),
  scheduledSampling: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      "Fraction of input words replaced by the model's own predictions; it grows linearly until the last epoch.",
    ),
  precision: z
    .enum(precisions)
    .default('float32')
    .describe(
      'Type in which training steps multiply matrices. `bfloat16` is for processors and GPUs that compute in it; weights, optimizer, softmax and loss stay float32, and so do validation and captions. The workers of a cluster then send their gradients in it, too.',
    ),
  jit: z
    .enum(compilers)
    .default('none')
    .describe(
      'Compiler of training steps: `xla` turns the loss and its gradient into machine code, once for each length of captions, which takes from seconds to a minute. Dropout masks differ from those without it.',
    ),
  objective: z
    .enum(objectives)
    .default('cross-entropy')
    .describe(
      '`cross-entropy` makes the reference captions more likely. `self-critical` rewards sampled captions by CIDEr-D and needs a decoder that is already trained.',
    ),
  samples: z
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe('Captions sampled per image in self-critical training; 1 needs the baseline `greedy`.'),
  temperature: z
    .number()
    .min(0.01)
    .max(100)
    .default(0.4)
    .describe(
      'Divisor of the logits in self-critical sampling and its loss. Below 1, samples are closer to the captions that search writes.',
    ),
  baseline: z
    .enum(baselines)
    .default('others')
    .describe(
      "Baseline of the self-critical reward: the mean of the image's other samples, or its greedy caption.",
    ),
  encoderLearningRate: suited(
    z.number().min(0).max(1).default(1e-4),
    'Learning rate of a fine-tuned encoder, before the schedule; 0 freezes it.',
    '0 for self-critical training',
  ),
  captionsPerImage: suited(
    z.int().min(1).max(1000).default(1),
    'Captions per image in one batch; a fine-tuned encoder runs once for all of them.',
    '5 for a fine-tuned encoder or self-critical training',
  ),
  shuffleShards: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe(
      'Shards of features that captions are shuffled within, for stores larger than memory: each batch of a step reads shards of its own, a few at a time. 0 shuffles all captions.',
    ),
  seed: z
    .int()
    .min(0)
    .max(0x7fffffff)
    .default(1)
    .describe(
      'Seed for the order of the captions and for dropout; on the command line also for weight initialisation.',
    ),
  maximumLength: z
    .int()
    .min(1)
    .max(200)
    .default(24)
    .describe('Maximum caption length in words, in training and in validation; longer captions are cut off.'),
  saveEvery: z
    .int()
    .min(1)
    .default(500)
    .describe('Steps between checkpoints; one is saved after every epoch anyway.'),
  patience: z
    .int()
    .min(0)
    .default(0)
    .describe('Epochs without a better validation score after which training ends; 0 never ends it early.'),
  selectBy: z
    .enum(criteria)
    .default('auto')
    .describe(
      'Validation metric that selects the best epoch. `auto` is `factual` for drawn scenes, otherwise CIDEr-D.',
    ),
  meteor: z
    .boolean()
    .default(true)
    .describe('Whether METEOR is computed after every epoch; its tables take a second or two to load.'),
  validationImages: z
    .int()
    .min(0)
    .default(1000)
    .describe('Validation images that are captioned and scored after every epoch.'),
  panelImages: z
    .int()
    .min(0)
    .max(100)
    .default(8)
    .describe('Test images that are captioned and shown after every epoch.'),
  beams: z.int().min(1).max(100).default(3).describe('Beam width of the validation captions.'),
  lengthPenalty: z
    .number()
    .min(0)
    .max(5)
    .default(0.7)
    .describe('Length normalisation of the validation captions, as in the search.'),
});

const refined = fields.refine(({samples, baseline}) => samples > 1 || baseline === 'greedy', {
  path: ['samples'],
  message: 'expected 2 or more with the baseline `others`',
});

export const trainerOptions: OptionGroup<TrainerSettings> = optionGroup<TrainerOptions>({
  owner: 'trainer',
  type: 'TrainerOptions',
  about: 'Options of a `Trainer`.',
})(refined);
