/** One step of training: from a batch to a loss, its gradients, and weights that are a little better. */
import type {Batch} from '../data/batches';
import type {FeatureReader} from '../data/feature-reader';
import type {Decoder} from '../decoders/decoder';
import {CaptionerError} from '../errors';
import type {Adam} from '../runtime/adam';
import {clipByGlobalNorm} from '../runtime/clip';
import {tf} from '../runtime/native';
import {gradients} from './loss';
import {LiveFeatures} from './live-features';
import {notFinite} from './material';

export interface StepSettings {
  readonly seed: number;
  /** From 0; with the seed it names the dropout. */
  readonly step: number;
  readonly rate: number;
  readonly clip: number;
  readonly labelSmoothing: number;
  readonly weightDecay: number;
  /** Of an encoder that learns too. */
  readonly encoderRate: number;
}

/** @throws CaptionerError `diverged` before the weights are touched, when the loss or the gradient is not finite. */
export function learn(
  decoder: Decoder,
  store: FeatureReader,
  adam: Adam,
  {ids, inputs, targets, size, steps}: Batch,
  settings: StepSettings,
): {loss: number; gradientNorm: number} {
  const {seed, step, rate, clip, encoderRate, labelSmoothing, weightDecay} = settings;
  return tf.tidy(() => {
    // Forward and backward.
    const live = store instanceof LiveFeatures ? store : undefined;
    // Captions of the same picture share the encoder's work.
    const pictures = [...new Set(ids)];
    const rows = tf.tensor1d(
      ids.map((id) => pictures.indexOf(id)),
      'int32',
    );
    const seen = live?.prepare(pictures, {seed, step}) ?? store.draw?.(ids, {seed, step}) ?? store.read(ids);
    const features = live ? () => tf.gather(live.features(seen), rows) : seen;
    const [read, next] = [inputs, targets].map((words) => tf.tensor2d(words, [size, steps], 'int32'));
    const {loss, gradients: found} = gradients(
      decoder,
      features,
      read!,
      next!,
      {seed, step, labelSmoothing},
      live?.weights,
    );

    // Clip.
    const {gradients: clipped, norm: gradientNorm} = clipByGlobalNorm(found, clip);

    // Look, then apply.
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      const bad = notFinite(live ? pictures : ids, seen);
      const what =
        bad.length > 0
          ? `the features of ${bad.join(', ')} are not finite; build them again`
          : `it learnt from ${[...new Set(ids)].join(', ')}; lower the rate, or resume from the last checkpoint`;
      throw new CaptionerError(
        'diverged',
        `step ${step + 1}: expected finite numbers, got loss ${loss} and gradient norm ${gradientNorm}; ` +
          `the weights are as they were before this step: ${what}`,
      );
    }
    adam.apply(clipped, (name) => (live?.weights.has(name) ? encoderRate : rate), weightDecay);
    return {loss, gradientNorm};
  });
}
