/** One training step: from batches to a loss, its gradients, and updated weights. */
import {CaptionerError} from '../errors';
import type {Adam} from '../optim/adam';
import type {StepKey} from '../random/random';
import {cluster} from '../tensorflow/cluster';
import {functionOf} from '../tensorflow/compiled';
import {tf} from '../tensorflow/tensorflow';
import {roundedSize} from '../tensorflow/rounded-size';
import {padded, type Batch} from './batches';
import {compiledGradients, countWords, lossInputs, settingsOf, type LossGradients} from './loss';
import type {Objective} from './objectives';
import type {TrainerSettings} from './options';
import {sharedGradients} from './shared-gradients';
import {notFinite, type Parts} from './training-data';

export interface StepSettings extends Pick<
  TrainerSettings,
  'seed' | 'clipNorm' | 'weightDecay' | 'accumulate' | 'precision' | 'jit'
> {
  /** Counted from 0; together with the seed it determines dropout. */
  readonly step: number;
  /** Learning rate of the decoder, after the schedule. */
  readonly learningRate: number;
  /** Learning rate of a trainable encoder, after the schedule; 0 freezes it. */
  readonly encoderLearningRate: number;
  /** Gets the gradients before clipping; they are disposed when it returns. */
  readonly onGradients?: ((gradients: ReadonlyMap<string, tf.Tensor>) => void) | undefined;
  /** Whether this worker of a cluster asks all of them to stop after this step. */
  readonly stop?: boolean | undefined;
}

export interface StepResult {
  /** Mean loss per target word, in nats (weighted by rewards in self-critical training), plus the decoder's penalty. */
  readonly loss: number;
  /** Global L2 norm before clipping. */
  readonly gradientNorm: number;
  /** Mean reward of the sampled captions, in self-critical training. */
  readonly reward?: number;
  /** Whether a worker of the cluster asked to stop. */
  readonly stop?: boolean;
}

/**
 * Takes one optimizer step on the gradients of several batches, as if they were one batch. The workers of a cluster divide the batches.
 *
 * @param objective Chooses what each batch is trained on.
 * @throws CaptionerError `diverged` when the loss or the gradient is not finite; the weights are unchanged then. `cluster`
 */
export function trainStep(
  parts: Pick<Parts, 'decoder' | 'features' | 'vocabulary'>,
  adam: Adam,
  batches: readonly Batch[],
  settings: StepSettings,
  objective: Objective,
): StepResult {
  const {seed, step, clipNorm, learningRate, encoderLearningRate, weightDecay, accumulate} = settings;
  const encoder = parts.features.trainable;
  return tf.tidy(() => {
    // Forward and backward, batch by batch.
    const {rank, size} = cluster();
    const passes = batches.flatMap((batch, part) =>
      part % size === rank
        ? [forwardBackward(parts, batch, {seed, step: step * accumulate + part}, objective, settings)]
        : [],
    );
    const shared =
      size > 1
        ? sharedGradients(
            adam,
            passes,
            trainedIn(parts, encoderLearningRate),
            settings.stop ?? false,
            settings.precision,
          )
        : undefined;
    const mean = shared ?? (passes.length === 1 ? passes[0]! : meanOf(adam, passes));
    const found = new Map(Object.entries(mean.gradients));

    // Clip and apply.
    const rate = (name: string): number => (encoder?.weights.has(name) ? encoderLearningRate : learningRate);
    const norm = adam.clipAndApply(found, {rate, decay: weightDecay, clipNorm, loss: mean.loss});

    // Check.
    const [loss, gradientNorm] = tf.stack([mean.loss, norm]).dataSync() as unknown as [number, number];
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw diverged(passes, step, loss, gradientNorm);
    adam.advance();

    // Report.
    settings.onGradients?.(found);
    if (shared) {
      const {reward, stop} = shared;
      return {loss, gradientNorm, stop, ...(reward !== undefined && {reward})};
    }
    const captions = passes.reduce((sum, pass) => sum + pass.captions, 0);
    const rewarded = passes.every(({reward}) => reward !== undefined);
    const reward = passes.reduce((sum, pass) => sum + ((pass.reward ?? 0) * pass.captions) / captions, 0);
    return {loss, gradientNorm, ...(rewarded && {reward})};
  });
}

/** The weights that a step may change, by name. */
function trainedIn(
  {decoder, features}: Pick<Parts, 'decoder' | 'features'>,
  encoderLearningRate: number,
): Map<string, tf.Variable> {
  const encoder = encoderLearningRate > 0 ? features.trainable : undefined;
  return new Map([...decoder.weights, ...(encoder?.weights ?? [])]);
}

/** The forward and backward pass of one batch. */
interface Pass extends LossGradients {
  readonly reward?: number;
  /** Ids of the images. */
  readonly images: readonly string[];
  /** Their features, or the output of the frozen blocks. */
  readonly read: tf.Tensor;
  readonly words: number;
  readonly captions: number;
}

function forwardBackward(
  {decoder, features: source, vocabulary}: Pick<Parts, 'decoder' | 'features' | 'vocabulary'>,
  batch: Batch,
  key: StepKey,
  objective: Objective,
  {precision, jit, encoderLearningRate}: StepSettings,
): Pass {
  // Captions of one image share the encoder's work.
  const images = [...new Set(batch.ids)];
  const encoder = source.trainable;
  const read = encoder?.frozenFeatures(images, key) ?? source.draw?.(images, key) ?? source.read(images);
  const features = once(() => encoder?.features(read) ?? read);
  const {
    batch: target,
    loss: options,
    reward,
  } = objective({decoder, vocabulary, batch, images, features, key});
  const captions = padded(target);
  const rows = new Map(images.map((id, row) => [id, row]));
  // Where the encoder is trained, its features are computed again under the gradient tape.
  const tuned = encoderLearningRate > 0 ? encoder : undefined;
  const aligned = byCaption(
    tuned ? read : features(),
    target.ids.map((id) => rows.get(id)!),
    captions.size,
  );
  const loss = {...options, ...(aligned.images && {images: aligned.images})};
  const inputs = lossInputs(decoder, aligned.features, captions, loss);
  const found = compiledGradients(decoder, inputs, {...settingsOf(loss), precision}, tuned, jit);
  const words = countWords(captions.targets);
  return {...found, ...(reward !== undefined && {reward}), images, read, words, captions: target.size};
}

/** Above this fraction of images, each caption has a row of features to itself: about as fast, and the shapes are the same in each step. */
const mostlyApart = 0.85;

/**
 * Makes the features of images those of captions, in as few different shapes as possible.
 *
 * @param rows Row of each caption's image in `features`.
 * @param captions Number of captions, those of padding included.
 * @returns `images`: as in `LossOptions`; if absent, image and caption have the same row.
 */
function byCaption(
  features: tf.Tensor,
  rows: readonly number[],
  captions: number,
): {readonly features: tf.Tensor; readonly images?: number[]} {
  const [images, ...size] = features.shape as [number, ...number[]];
  const all = Array.from({length: captions}, (_, row) => rows[row] ?? 0);
  if (images > mostlyApart * captions)
    return all.every((image, row) => image === row)
      ? {features}
      : {features: tf.gather(features, tf.tensor1d(all, 'int32'))};
  const more = roundedSize(images) - images;
  return {features: more === 0 ? features : tf.concat([features, tf.zeros([more, ...size])]), images: all};
}

function once<T>(compute: () => T): () => T {
  let result: {readonly value: T} | undefined;
  return () => (result ??= {value: compute()}).value;
}

/** The mean of loss and gradients, each batch weighted by its number of words. */
export function meanOf(owner: object, passes: readonly Pass[]): LossGradients {
  const total = passes.reduce((sum, {words}) => sum + words, 0);
  const fractions = tf.tensor1d(passes.map(({words}) => words / total));
  const found = passes.map(({loss, gradients}) => ({loss, gradients}));
  return functionOf(owner, 'mean', weightedMean)(found, fractions);
}

function weightedMean(passes: readonly LossGradients[], fractions: tf.Tensor1D): LossGradients {
  return tf.tidy((): LossGradients & tf.TensorContainerObject => {
    const each = tf.unstack(fractions);
    const mean = (of: (pass: LossGradients) => tf.Tensor | undefined): tf.Tensor =>
      tf.addN(
        passes.flatMap((pass, at) => {
          const part = of(pass);
          return part ? [tf.mul(part, each[at]!)] : [];
        }),
      );
    const names = [...new Set(passes.flatMap(({gradients}) => Object.keys(gradients)))];
    return {
      loss: mean(({loss}) => loss) as tf.Scalar,
      gradients: Object.fromEntries(names.map((name) => [name, mean(({gradients}) => gradients[name])])),
    };
  });
}

function diverged(passes: readonly Pass[], step: number, loss: number, gradientNorm: number): CaptionerError {
  const bad = passes.flatMap(({images, read}) => notFinite(images, read));
  const images = new Set(passes.flatMap((pass) => pass.images));
  const advice =
    bad.length > 0
      ? `the features of ${bad.join(', ')} are not finite; build them again`
      : `the batch contained ${[...images].join(', ') || 'images of other workers'}; lower the learning rate, or resume from the last checkpoint`;
  return new CaptionerError(
    'diverged',
    `step ${step + 1}: expected finite numbers, got loss ${loss} and gradient norm ${gradientNorm}; ` +
      `the weights are unchanged: ${advice}`,
  );
}
