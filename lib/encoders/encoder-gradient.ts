/**
 * Gradients of image features with respect to pixels, through the views of a `multiView` encoder as well. The forward pass is recorded
 * once; every gradient is one backward pass.
 */
import {CaptionerError} from '../errors';
import {tf} from '../tensorflow/tensorflow';
import {cropAndResize, cropAndResizeGradient, isMultiView, type View} from './augmentation';
import {
  backward,
  forwardRecorded,
  gradientRule,
  recordedLayers,
  type LayerRule,
  type Outputs,
  type RecordedNetwork,
} from './backward';
import {Cnn} from './cnn';
import {relevanceRule} from './relevance';
import type {Encoder, Features} from './encoder';
import {sidesOf} from './layers';

/** An encoder taken apart: a CNN and the views of each image that it reads. */
export interface EncoderParts {
  readonly cnn: Cnn;
  readonly views: readonly View[];
}

/** A recorded forward pass. The caller disposes all of its tensors. */
export interface RecordedFeatures {
  /** As `Encoder.encode` returns them, of one kind. */
  readonly features: tf.Tensor;
  /** Outputs of layers that the backward pass needs, by view. */
  readonly outputs: readonly Outputs[];
}

const wholeImage: View = {top: 0, left: 0, side: 1, mirrored: false};

/** @throws CaptionerError `options` for an encoder that is no CNN. */
export function partsOf(encoder: Encoder): EncoderParts {
  if (isMultiView(encoder)) return {...partsOf(encoder.encoder), views: encoder.views};
  if (encoder instanceof Cnn) return {cnn: encoder, views: [wholeImage]};
  throw new CaptionerError('options', `Expected an encoder that is a CNN, got ${encoder.name}`);
}

/** Whether a view is the image itself. */
export function isWhole({side, mirrored}: View): boolean {
  return side === 1 && !mirrored;
}

/**
 * Encodes and records.
 *
 * @param kind Kind of features.
 * @param pixels RGB, 0 to 255, `[batch, size, size, 3]`.
 * @param keep Further layers whose outputs are returned.
 */
export function encodeRecorded(
  {cnn, views}: EncoderParts,
  kind: keyof Features,
  pixels: tf.Tensor4D,
  keep: readonly string[] = [],
): RecordedFeatures {
  return tf.tidy((): RecordedFeatures & tf.TensorContainerObject => {
    const recorded = recordedLayers(cnn.layers);
    for (const name of keep) recorded.add(name);
    const last = cnn.layers.at(-1)!.name;
    const all = views.map((view) => {
      const seen = isWhole(view) ? pixels : cropAndResize(pixels, view);
      const outputs = forwardRecorded(cnn.layers, cnn.weights, cnn.normalize(seen), recorded);
      return {outputs, features: cnn.pool(outputs[last]!)[kind]};
    });
    const parts = all.map(({features}) => features as tf.Tensor);
    const features = kind === 'grid' ? tf.concat(parts, 1) : tf.div(tf.addN(parts), parts.length);
    return {features, outputs: all.map(({outputs}) => ({...outputs}))};
  });
}

/** Makes the rule of a backward pass from the recorded forward pass. */
export type RuleMaker = (network: RecordedNetwork) => LayerRule;

/**
 * Computes the gradient with respect to the pixels.
 *
 * @param outputs As `encodeRecorded` returned them.
 * @param dFeatures Gradient with respect to the features.
 * @param rule Passes other values than gradients, of which it is linear. @default gradients
 * @returns `[batch, size, size, 3]`. The caller disposes it.
 */
export function pixelGradient(
  parts: EncoderParts,
  kind: keyof Features,
  outputs: readonly Outputs[],
  dFeatures: tf.Tensor,
  rule: RuleMaker = gradientRule,
): tf.Tensor4D {
  const {cnn, views} = parts;
  return tf.tidy(() => {
    const std = tf.tensor1d([...cnn.preprocessing.std]);
    const all = layerGradients(parts, kind, outputs, dFeatures, {rule}).map((gradient, at) => {
      const view = views[at]!;
      const seen = tf.div<tf.Tensor4D>(gradient, std);
      return isWhole(view) ? seen : cropAndResizeGradient(seen, view);
    });
    return all.length === 1 ? all[0]! : tf.addN(all);
  });
}

/**
 * Hands relevance of features back to the pixels. Other parameters as for `pixelGradient`; all layers' outputs and the input are needed.
 *
 * @param pixels The image, `[1, size, size, 3]`.
 * @param r Relevance of the features.
 * @returns `[1, size, size, 3]`. The caller disposes it.
 */
export function relevancePixels(
  parts: EncoderParts,
  kind: keyof Features,
  outputs: readonly Outputs[],
  pixels: tf.Tensor4D,
  r: tf.Tensor,
): tf.Tensor4D {
  const last = parts.cnn.layers.at(-1)!.name;
  return tf.tidy(() => {
    const ofMaps = kind === 'grid' ? r : pooledRelevance(outputs, last, r);
    const all = layerGradients(parts, 'grid', outputs, ofMaps, {rule: relevanceRule}).map((own, at) => {
      const view = parts.views[at]!;
      if (isWhole(view)) return own;
      // A view's pixel is a mean of the image's pixels, which share its relevance.
      const shares = tf.divNoNan<tf.Tensor4D>(own, cropAndResize(pixels, view));
      return tf.mul<tf.Tensor4D>(pixels, cropAndResizeGradient(shares, view));
    });
    return all.length === 1 ? all[0]! : tf.addN(all);
  });
}

/** Relevance of the cells from that of their mean: by their share in the sum. */
function pooledRelevance(outputs: readonly Outputs[], last: string, r: tf.Tensor): tf.Tensor {
  const maps = outputs.map((one) => tf.reshape<tf.Rank.R3>(one[last]!, [1, -1, one[last]!.shape[3]]));
  const grid = tf.concat(maps, 1); // [1, views · cells, depth]
  return tf.mul(grid, tf.divNoNan(tf.expandDims(r, 1), tf.sum(grid, 1, true)));
}

/**
 * Computes the gradient with respect to the output of a layer; parameters as for `pixelGradient`.
 *
 * @param options.until The layer. @default the input, normalised
 * @returns `[batch, side, side, channels]` for each view. The caller disposes them.
 */
export function layerGradients(
  {cnn, views}: EncoderParts,
  kind: keyof Features,
  outputs: readonly Outputs[],
  dFeatures: tf.Tensor,
  {rule = gradientRule, until}: {readonly rule?: RuleMaker; readonly until?: string} = {},
): tf.Tensor4D[] {
  const {layers, weights, depth, preprocessing} = cnn;
  const sides = sidesOf(layers, preprocessing.size);
  const side = sides.get(layers.at(-1)!.name)!;
  const [batch] = dFeatures.shape as [number];
  const shape: [number, number, number, number] = [batch, side, side, depth];
  return tf.tidy(() => {
    const maps: tf.Tensor4D[] =
      kind === 'grid'
        ? tf.split(dFeatures, views.length, 1).map((part) => tf.reshape(part, shape))
        : views.map(() => {
            const perCell = tf.div(dFeatures, views.length * side * side);
            return tf.tile(tf.reshape(perCell, [batch, 1, 1, depth]), [1, side, side, 1]);
          });
    return maps.map((d, at) =>
      backward(layers, d, rule({layers, weights, sides, outputs: outputs[at]!}), until),
    );
  });
}
