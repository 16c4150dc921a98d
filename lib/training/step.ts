/** One training step: from batches to a loss, its gradients, and updated weights. */
import {CaptionerError} from '../errors';
import type {Adam} from '../optim/adam';
import {clipByGlobalNorm} from '../optim/clip';
import {tf} from '../tensorflow/tensorflow';
import type {Batch} from './batches';
import {gradients} from './loss';
import type {Objective} from './objectives';
import type {TrainerSettings} from './options';
import {notFinite, type Parts} from './training-data';

export interface StepSettings extends Pick<
  TrainerSettings,
  'seed' | 'clipNorm' | 'weightDecay' | 'accumulate'
> {
  /** Counted from 0; together with the seed it determines dropout. */
  readonly step: number;
  /** Learning rate of the decoder, after the schedule. */
  readonly learningRate: number;
  /** Learning rate of a trainable encoder, after the schedule; 0 freezes it. */
  readonly encoderLearningRate: number;
  /** Gets the gradients before clipping; they are disposed when it returns. */
  readonly onGradients?: ((gradients: ReadonlyMap<string, tf.Tensor>) => void) | undefined;
}

export interface StepResult {
  /** Mean loss per target word, in nats (weighted by rewards in self-critical training), plus the decoder's penalty. */
  readonly loss: number;
  /** Global L2 norm before clipping. */
  readonly gradientNorm: number;
  /** Mean reward of the sampled captions, in self-critical training. */
  readonly reward?: number;
}

/**
 * Takes one optimizer step on the gradients of several batches, as if they were one batch.
 *
 * @param objective Chooses what each batch is trained on.
 * @throws CaptionerError `diverged` before the weights are touched, when the loss or the gradient is not finite.
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
    const trainEncoder = encoderLearningRate > 0;
    const passes = batches.map((batch, part) =>
      forwardBackward(parts, batch, {seed, step: step * accumulate + part}, objective, trainEncoder),
    );
    const loss = weightedMean(passes, 'words', (pass) => pass.loss);

    // Clip.
    const found = meanGradients(passes);
    const {gradients: clipped, norm: gradientNorm} = clipByGlobalNorm(found, clipNorm);

    // Check.
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw diverged(passes, step, loss, gradientNorm);

    settings.onGradients?.(found);

    // Apply.
    const rateOf = (name: string): number =>
      encoder?.weights.has(name) ? encoderLearningRate : learningRate;
    adam.apply(clipped, rateOf, weightDecay);

    // Report.
    const rewarded = passes.every(({reward}) => reward !== undefined);
    return {
      loss,
      gradientNorm,
      ...(rewarded && {reward: weightedMean(passes, 'captions', ({reward}) => reward!)}),
    };
  });
}

/** The forward and backward pass of one batch. */
interface Pass {
  readonly loss: number;
  readonly gradients: Map<string, tf.Tensor>;
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
  key: {readonly seed: number; readonly step: number},
  objective: Objective,
  trainEncoder: boolean,
): Pass {
  // Captions of one image share the encoder's work.
  const images = [...new Set(batch.ids)];
  const encoder = source.trainable;
  const read = encoder?.frozenFeatures(images, key) ?? source.draw?.(images, key) ?? source.read(images);
  const compute = (): tf.Tensor => encoder?.features(read) ?? read;
  // Where the encoder is trained, its features are computed again under the gradient tape.
  const tuned = trainEncoder ? encoder?.weights : undefined;
  const features = tuned ? compute : once(compute);

  const {
    batch: target,
    loss: options,
    reward,
  } = objective({decoder, vocabulary, batch, images, features, key});
  const {ids, inputs, targets, size, steps} = target;
  const [input, next] = [inputs, targets].map((words) => tf.tensor2d(words, [size, steps], 'int32'));
  const rows = new Map(images.map((id, row) => [id, row]));
  const shared = ids.length > images.length && {images: ids.map((id) => rows.get(id)!)};
  const found = gradients(
    decoder,
    tuned ? compute : features(),
    input!,
    next!,
    {...options, ...shared},
    tuned,
  );
  const words = targets.reduce((count, id) => count + (id > 0 ? 1 : 0), 0);
  return {...found, ...(reward !== undefined && {reward}), images, read, words, captions: size};
}

function once<T>(compute: () => T): () => T {
  let result: {readonly value: T} | undefined;
  return () => (result ??= {value: compute()}).value;
}

function weightedMean(
  passes: readonly Pass[],
  weight: 'words' | 'captions',
  value: (pass: Pass) => number,
): number {
  const total = passes.reduce((sum, pass) => sum + pass[weight], 0);
  return passes.reduce((sum, pass) => sum + (value(pass) * pass[weight]) / total, 0);
}

/** The mean of the gradients, each batch weighted by its number of words. */
function meanGradients(passes: readonly Pass[]): Map<string, tf.Tensor> {
  const [first] = passes;
  if (passes.length === 1) return first!.gradients;
  const total = passes.reduce((sum, {words}) => sum + words, 0);
  const names = [...new Set(passes.flatMap(({gradients}) => [...gradients.keys()]))];
  return new Map(
    names.map((name) => {
      const scaled = passes.flatMap(({gradients, words}) => {
        const gradient = gradients.get(name);
        return gradient ? [tf.mul(gradient, words / total)] : [];
      });
      return [name, tf.addN(scaled)];
    }),
  );
}

function diverged(passes: readonly Pass[], step: number, loss: number, gradientNorm: number): CaptionerError {
  const bad = passes.flatMap(({images, read}) => notFinite(images, read));
  const images = new Set(passes.flatMap((pass) => pass.images));
  const advice =
    bad.length > 0
      ? `the features of ${bad.join(', ')} are not finite; build them again`
      : `the batch contained ${[...images].join(', ')}; lower the learning rate, or resume from the last checkpoint`;
  return new CaptionerError(
    'diverged',
    `step ${step + 1}: expected finite numbers, got loss ${loss} and gradient norm ${gradientNorm}; ` +
      `the weights are unchanged: ${advice}`,
  );
}
