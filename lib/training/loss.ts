/**
 * The training loss: mean cross entropy of each word of the captions, given the image and the words before it. Padding takes part in the
 * computation with weight 0, so that shapes depend on the captions' lengths alone and one compiled function serves many batches.
 */
import type {Decoder} from '../decoders/decoder';
import {bannedWords} from '../search/constraints';
import {CaptionerError} from '../errors';
import {sparseCrossEntropy} from '../ops/cross-entropy';
import type {StepKey} from '../random/random';
import {functionOf} from '../tensorflow/compiled';
import type {Jit} from '../tensorflow/graph-writer';
import {withPrecision, type Precision} from '../tensorflow/precision';
import {tf} from '../tensorflow/tensorflow';
import type {Batch} from './batches';
import {withOwnWords} from './scheduled-sampling';

/** Options of the loss in training; evaluation has none. */
export interface LossOptions extends StepKey {
  /** The row of each caption's image in the features, if captions share images. @default each has its own */
  readonly images?: readonly number[];
  /** Probability mass that the target spreads evenly over all words instead of the correct one. @default 0 */
  readonly labelSmoothing?: number;
  /** Fraction of input words replaced by the decoder's own predictions (scheduled sampling). @default 0 */
  readonly ownWords?: number;
  /** Weight of each caption, negative to make it less likely; disables dropout. @default 1 for each */
  readonly shares?: readonly number[];
  /** Divisor of the logits. @default 1 */
  readonly temperature?: number;
}

/** Captions as arrays of word ids; a `Batch` is one. */
export type Captions = Pick<Batch, 'inputs' | 'targets' | 'size' | 'steps'>;

/** Everything that differs from step to step, as tensors: the inputs of the loss as a function. */
export interface LossInputs {
  /** Image features, or the input of the encoder's trained blocks. */
  readonly features: tf.Tensor;
  /** int32 `[batch, steps]` */
  readonly inputs: tf.Tensor2D;
  /** int32 `[batch · steps]` */
  readonly targets: tf.Tensor1D;
  /** Factor of each target's loss, `[batch · steps]`: 0 for padding, 1 on average. */
  readonly weights: tf.Tensor1D;
  /** int32 `[batch]`, see `LossOptions.images`. */
  readonly images?: tf.Tensor1D | undefined;
  /** Number of the training step, int32; absent in evaluation. */
  readonly step?: tf.Scalar | undefined;
  readonly ownWords?: tf.Scalar | undefined;
}

/** Settings that are the same in every step, so that they are baked into the compiled one. */
export interface LossSettings {
  readonly seed: number;
  readonly labelSmoothing: number;
  readonly temperature: number;
  /** Whether the captions were sampled, see `LossOptions.shares`. */
  readonly sampled: boolean;
}

/** Settings of the gradients. */
export interface GradientSettings extends LossSettings {
  /** Precision of matrix products, forward and backward. @default float32 */
  readonly precision?: Precision;
}

/**
 * Mean cross entropy per word of captions, given the features of their images.
 *
 * @param features Image features, `[batch, depth]` or `[batch, cells, depth]`; or of fewer images, see `LossOptions.images`.
 * @param inputs Word ids, int32 `[batch, steps]`, from the start id on, padded with 0.
 * @param targets The next word at each step, int32 `[batch, steps]`, up to the end id, padded with 0.
 * @param training Absent: neither dropout nor smoothing (evaluation).
 * @returns A scalar, with `training` including the decoder's penalty; differentiable with respect to the decoder's weights. The caller
 *   disposes it.
 * @throws CaptionerError `mismatch` when a word id is outside the decoder's vocabulary; `shape`; `captions` when there is only padding.
 */
export function captionLoss(
  decoder: Decoder,
  features: tf.Tensor,
  inputs: tf.Tensor2D,
  targets: tf.Tensor2D,
  training?: LossOptions,
): tf.Scalar {
  const captions = readCaptions(features, inputs, targets);
  return tf.tidy(() =>
    teacherForcedLoss(decoder, lossInputs(decoder, features, captions, training), settingsOf(training)),
  );
}

/** Reads captions from tensors, see `captionLoss`. @throws CaptionerError `shape` */
function readCaptions(features: tf.Tensor, inputs: tf.Tensor2D, targets: tf.Tensor2D): Captions {
  const [size, steps] = inputs.shape;
  if (targets.shape[0] !== size || targets.shape[1] !== steps) {
    const [i, t, f] = [inputs, targets, features].map(({shape}) => `[${shape.join(', ')}]`);
    throw new CaptionerError(
      'shape',
      `Loss: expected one batch, got inputs ${i}, targets ${t}, features ${f}`,
    );
  }
  return {inputs: inputs.dataSync<'int32'>(), targets: targets.dataSync<'int32'>(), size, steps};
}

/**
 * Makes the inputs of the loss.
 *
 * @returns The tensors; the caller disposes them, but for the features.
 * @throws CaptionerError as `captionLoss`
 */
export function lossInputs(
  {vocabulary}: Pick<Decoder, 'vocabulary'>,
  features: tf.Tensor,
  {inputs, targets, size, steps}: Captions,
  training?: LossOptions,
): LossInputs {
  const {images, shares, ownWords = 0} = training ?? {};
  if ((images ?? {length: features.shape[0]}).length !== size) {
    const got = `inputs [${size}, ${steps}], features [${features.shape.join(', ')}]`;
    throw new CaptionerError('shape', `Loss: expected one batch, got ${got}`);
  }
  checkIds('inputs', inputs, vocabulary);
  checkIds('targets', targets, vocabulary);
  const words = countWords(targets);
  if (words === 0)
    throw new CaptionerError('captions', 'Loss: expected words in the batch, got only padding');
  const weights = Float32Array.from(targets, (id, at) =>
    id > 0 ? ((shares?.[Math.floor(at / steps)] ?? 1) * targets.length) / words : 0,
  );
  return {
    features,
    inputs: tf.tensor2d(inputs, [size, steps], 'int32'),
    targets: tf.tensor1d(targets, 'int32'),
    weights: tf.tensor1d(weights),
    images: images && tf.tensor1d([...images], 'int32'),
    step: training && tf.scalar(training.step, 'int32'),
    ownWords: ownWords > 0 ? tf.scalar(ownWords) : undefined,
  };
}

export function settingsOf(training?: LossOptions): LossSettings {
  const {seed = 0, labelSmoothing = 0, temperature = 1, shares} = training ?? {};
  return {seed, labelSmoothing, temperature, sampled: shares !== undefined};
}

/** Returns the number of words that are predicted. */
export function countWords(targets: Int32Array): number {
  return targets.reduce((count, id) => count + (id > 0 ? 1 : 0), 0);
}

/** The loss as a pure function of tensors, see `captionLoss`; differentiable with respect to the decoder's weights and the features. */
export function teacherForcedLoss(
  decoder: Decoder,
  {features, inputs, targets, weights, images, step}: LossInputs,
  {seed, labelSmoothing, temperature, sampled}: LossSettings,
): tf.Scalar {
  // Sampled captions were written without dropout; with it the decoder would not be the one that wrote them.
  const dropout = step && !sampled ? {seed, step} : undefined;
  const {states, penalty} = decoder.attend?.(features, inputs, dropout, images) ?? {
    states: decoder.states(features, inputs, dropout, images),
  };
  const {weight, bias} = decoder.output;
  // Sampling excludes banned words. If they were not excluded here too, the worse samples could become less likely by moving
  // probability to words that are never sampled.
  const allowed = sampled ? tf.add(bias, tf.tensor1d(bannedWords(decoder.vocabulary, []))) : bias;
  const tempered = <R extends tf.Rank>(x: tf.Tensor): tf.Tensor<R> =>
    (temperature === 1 ? x : tf.div(x, temperature)) as tf.Tensor<R>;
  const loss = sparseCrossEntropy(
    tf.reshape(states, [targets.size, states.shape[2]]),
    tempered<tf.Rank.R2>(weight),
    tempered<tf.Rank.R1>(allowed),
    targets,
    labelSmoothing,
    weights,
  );
  // Validation reports the cross entropy alone. For sampled captions the penalty is left out too: their rewards would not counteract
  // it, and attention would spread evenly over the image.
  return step && !sampled && penalty ? tf.add(loss, penalty) : loss;
}

/** The part of an encoder that is trained along with the decoder. */
export interface TrainedEncoder {
  readonly weights: ReadonlyMap<string, tf.Variable>;
  features(frozen: tf.Tensor): tf.Tensor;
}

export interface LossGradients {
  readonly loss: tf.Scalar;
  /** By the weights' names. */
  readonly gradients: Record<string, tf.Tensor>;
}

/**
 * The loss and its gradient with respect to every weight, as a pure function of tensors.
 *
 * @param encoder Computes the features, if it is trained too.
 * @returns The caller disposes all of it.
 */
export function lossGradients(
  decoder: Decoder,
  inputs: LossInputs,
  {precision = 'float32', ...settings}: GradientSettings,
  encoder?: TrainedEncoder,
): LossGradients {
  const compute = (): LossGradients & tf.TensorContainerObject => {
    const weights = new Map([...decoder.weights, ...(encoder?.weights ?? [])]);
    const features = (): tf.Tensor => encoder?.features(inputs.features) ?? inputs.features;
    // Own words are chosen outside of the gradient tape.
    const read = inputs.ownWords
      ? withOwnWords(decoder, {...inputs, features: features()}, settings.seed)
      : inputs.inputs;
    const {value, grads} = tf.variableGrads(
      () => teacherForcedLoss(decoder, {...inputs, features: features(), inputs: read}, settings),
      [...weights.values()],
    );
    const named = [...weights].flatMap(([name, {name: inner}]) =>
      grads[inner] ? [[name, grads[inner]] as const] : [],
    );
    return {loss: value, gradients: Object.fromEntries(named)};
  };
  return withPrecision(precision, () => tf.tidy(compute));
}

/** `lossGradients` as a compiled function, which belongs to the decoder. @param jit See `CompiledOptions`. */
export function compiledGradients(
  decoder: Decoder,
  inputs: LossInputs,
  settings: GradientSettings,
  encoder?: TrainedEncoder,
  jit?: Jit,
): LossGradients {
  const fn = (inputs: LossInputs, settings: GradientSettings) =>
    lossGradients(decoder, inputs, settings, encoder);
  return functionOf(decoder, 'gradients', fn, encoder ? [encoder] : [], jit)(inputs, settings);
}

/** `teacherForcedLoss` as a compiled function, which belongs to the decoder; not differentiable. */
export function compiledLoss(decoder: Decoder, inputs: LossInputs, settings: LossSettings): tf.Scalar {
  const fn = (inputs: LossInputs, settings: LossSettings) =>
    tf.tidy(() => teacherForcedLoss(decoder, inputs, settings));
  return functionOf(decoder, 'loss', fn)(inputs, settings);
}

/**
 * The loss and its gradient with respect to every weight of the decoder; parameters as those of `captionLoss`.
 *
 * @returns The loss, and gradients by the weights' names. The caller disposes the gradients.
 */
export function gradients(
  decoder: Decoder,
  features: tf.Tensor,
  inputs: tf.Tensor2D,
  targets: tf.Tensor2D,
  training?: LossOptions,
): {loss: number; gradients: Map<string, tf.Tensor>} {
  const captions = readCaptions(features, inputs, targets);
  const {features: _, ...made} = lossInputs(decoder, features, captions, training);
  const {loss, gradients} = compiledGradients(decoder, {features, ...made}, settingsOf(training));
  const value = loss.dataSync()[0]!;
  tf.dispose([loss, ...Object.values(made)]);
  return {loss: value, gradients: new Map(Object.entries(gradients))};
}

function checkIds(what: string, ids: ArrayLike<number>, vocabulary: number): void {
  for (let k = 0; k < ids.length; k++) {
    const id = ids[k]!;
    if (id < 0 || id >= vocabulary) {
      const expected = `expected word ids from 0 to ${vocabulary - 1}`;
      throw new CaptionerError('mismatch', `Loss: ${expected} in the ${what}, got ${id}`);
    }
  }
}
