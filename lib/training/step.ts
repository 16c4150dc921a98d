/** One step of training: from batches to a loss, its gradients, and weights that are a little better. */
import type {Batch} from './batches';
import {CaptionerError} from '../errors';
import type {Adam} from '../optim/adam';
import {clipByGlobalNorm} from '../optim/clip';
import {tf} from '../tensorflow/tensorflow';
import {TrainableFeatures} from '../features/trainable';
import {gradients, type LossOptions} from './loss';
import {notFinite, type Parts} from './training-data';
import type {TrainerSettings} from './options';
import type {Rewards} from './rewards';
import {withOwnWords} from './scheduled-sampling';
import {sampledBatch} from './self-critical';

export interface StepSettings extends Pick<
  TrainerSettings,
  | 'seed'
  | 'clipNorm'
  | 'labelSmoothing'
  | 'weightDecay'
  | 'accumulate'
  | 'samples'
  | 'baseline'
  | 'maximumLength'
  | 'temperature'
> {
  /** From 0; with the seed it names the dropout. */
  readonly step: number;
  /** Learning rate of the decoder, after the schedule. */
  readonly learningRate: number;
  /** Of an encoder that learns too. */
  readonly encoderLearningRate: number;
  /** Share of the words that scheduled sampling replaces. */
  readonly ownWords: number;
}

export interface StepResult {
  readonly loss: number;
  readonly gradientNorm: number;
  /** Mean of the sampled captions', in self-critical training. */
  readonly reward?: number;
}

/**
 * @param batches They are learnt from as if they were one.
 * @param rewards Present: self-critical training; else cross entropy.
 * @throws CaptionerError `diverged` before the weights are touched, when the loss or the gradient is not finite.
 */
export function trainStep(
  parts: Pick<Parts, 'decoder' | 'store' | 'vocabulary'>,
  adam: Adam,
  batches: readonly Batch[],
  settings: StepSettings,
  rewards?: Rewards,
): StepResult {
  const {step, learningRate, clipNorm, encoderLearningRate, weightDecay, accumulate} = settings;
  const live = parts.store instanceof TrainableFeatures ? parts.store : undefined;
  return tf.tidy(() => {
    // Forward and backward.
    const found = batches.map((batch, part) =>
      learnFrom(parts, batch, {...settings, step: step * accumulate + part}, rewards),
    );
    // As of one large batch, whose mean is over all words, and that of rewards over all images.
    const loss = meanBy(found, 'words', (one) => one.loss);

    // Clip.
    const {gradients: clipped, norm: gradientNorm} = clipByGlobalNorm(meanOf(found), clipNorm);

    // Look, then apply.
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      const bad = found.flatMap(({images, seen}) => notFinite(images, seen));
      const images = new Set(found.flatMap((one) => one.images));
      const what =
        bad.length > 0
          ? `the features of ${bad.join(', ')} are not finite; build them again`
          : `it learnt from ${[...images].join(', ')}; lower the rate, or resume from the last checkpoint`;
      throw new CaptionerError(
        'diverged',
        `step ${step + 1}: expected finite numbers, got loss ${loss} and gradient norm ${gradientNorm}; ` +
          `the weights are as they were before this step: ${what}`,
      );
    }
    adam.apply(
      clipped,
      (name) => (live?.weights.has(name) ? encoderLearningRate : learningRate),
      weightDecay,
    );
    return {loss, gradientNorm, ...(rewards && {reward: meanBy(found, 'captions', (one) => one.reward!)})};
  });
}

interface Found {
  readonly loss: number;
  readonly gradients: Map<string, tf.Tensor>;
  readonly reward?: number;
  readonly images: readonly string[];
  readonly seen: tf.Tensor;
  /** How many words and captions were learnt from. */
  readonly words: number;
  readonly captions: number;
}

function learnFrom(
  {decoder, store, vocabulary}: Pick<Parts, 'decoder' | 'store' | 'vocabulary'>,
  batch: Batch,
  settings: StepSettings,
  rewards: Rewards | undefined,
): Found {
  const {seed, step, labelSmoothing, temperature, ownWords, encoderLearningRate} = settings;
  const key = {seed, step};
  const live = store instanceof TrainableFeatures ? store : undefined;
  // Captions of the same image share the encoder's work.
  const images = [...new Set(batch.ids)];
  const seen = live?.frozenFeatures(images, key) ?? store.draw?.(images, key) ?? store.read(images);
  const tuned = encoderLearningRate > 0 ? live?.weights : undefined;
  const look = (): tf.Tensor => live?.features(seen) ?? seen;
  // Where the encoder learns, its gradient goes through what it sees.
  const still = tuned ? undefined : look();
  const rows = new Map(images.map((id, row) => [id, row]));
  const rowsOf = (ids: readonly string[]): number[] => ids.map((id) => rows.get(id)!);

  const lesson = (): {batch: Batch; training: LossOptions; reward?: number} => {
    if (rewards) {
      const sampled = sampledBatch(decoder, still ?? look(), images, vocabulary, rewards, settings);
      return {...sampled, training: {...key, shares: sampled.shares, temperature}};
    }
    const own =
      ownWords > 0
        ? withOwnWords(decoder, tf.gather(still ?? look(), rowsOf(batch.ids)), batch, ownWords, key)
        : batch;
    return {batch: own, training: {...key, labelSmoothing}};
  };
  const {batch: learnt, training, reward} = lesson();
  const {ids, inputs, targets, size, steps} = learnt;
  const [read, next] = [inputs, targets].map((words) => tf.tensor2d(words, [size, steps], 'int32'));
  const shared = {...training, ...(ids.length > images.length && {images: rowsOf(ids)})};
  const found = gradients(decoder, still ?? look, read!, next!, shared, tuned);
  const words = targets.reduce((count, id) => count + (id > 0 ? 1 : 0), 0);
  return {...found, ...(reward !== undefined && {reward}), images, seen, words, captions: size};
}

function meanBy(found: readonly Found[], weight: 'words' | 'captions', of: (one: Found) => number): number {
  const total = found.reduce((sum, one) => sum + one[weight], 0);
  return found.reduce((sum, one) => sum + (of(one) * one[weight]) / total, 0);
}

/** Of the gradients, each batch weighing as much as it has words. */
function meanOf(found: readonly Found[]): Map<string, tf.Tensor> {
  const [first] = found;
  if (found.length === 1) return first!.gradients;
  const total = found.reduce((sum, {words}) => sum + words, 0);
  const names = [...new Set(found.flatMap(({gradients}) => [...gradients.keys()]))];
  return new Map(
    names.map((name) => {
      const own = found.flatMap(({gradients, words}) => {
        const gradient = gradients.get(name);
        return gradient ? [tf.mul(gradient, words / total)] : [];
      });
      return [name, tf.addN(own)];
    }),
  );
}
