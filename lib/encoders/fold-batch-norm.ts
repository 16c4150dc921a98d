/**
 * Converts published weights by folding batch norm into the preceding convolution. At inference batch norm is a scale and a shift per
 * channel, so the folded network computes the same with fewer operations, and has no running statistics that could drift.
 */
import {CaptionerError} from '../errors';
import {float32, type TensorData} from '../files/safetensors';
import {classCount, type Architecture} from './architecture';
import {depthOf, isConvolution, kernelShape, type Convolution} from './layers';

/** Batch norm parameters, one value per channel. */
export interface BatchNorm {
  /** Scale. Absent if the network's batch norm has none. */
  readonly gamma?: Float32Array;
  /** Shift. */
  readonly beta: Float32Array;
  /** Running mean. */
  readonly mean: Float32Array;
  /** Running variance. */
  readonly variance: Float32Array;
}

/** Access to the weights of a published file, whatever its naming scheme and memory layout. */
export interface PublishedWeights {
  /** The kernel in the layout of `kernelShape`. */
  kernel(layer: Convolution): Float32Array;
  norm(layer: Convolution): BatchNorm;
  /** The classifier, `[classes, depth]` and `[classes]`; undefined if the file has none. */
  classes(depth: number): {readonly weight: Float32Array; readonly bias: Float32Array} | undefined;
}

/**
 * Folds batch norm into the convolutions.
 *
 * @param where The file's name, for messages.
 * @returns Tensors by name: `<layer>.weight`, `<layer>.bias` and, if published, `classes.weight` and `classes.bias`.
 * @throws CaptionerError as `published` does; `weights` when a number isn't finite.
 */
export function foldWeights(
  {layers, normEpsilon}: Architecture,
  published: PublishedWeights,
  where: string,
): Map<string, TensorData> {
  const folded = new Map<string, TensorData>();
  const set = (name: string, values: Float32Array, shape: number[]): void => {
    if (!values.every(Number.isFinite))
      throw new CaptionerError(
        'weights',
        `${where}: expected finite numbers in ${name}, got NaN or infinity`,
      );
    folded.set(name, float32(values, shape));
  };
  for (const layer of layers.filter(isConvolution)) {
    const {gamma, beta, mean, variance} = published.norm(layer);
    const scale = variance.map((value, k) => (gamma?.[k] ?? 1) / Math.sqrt(value + normEpsilon));
    // The output channel is the last axis of both kinds of kernel.
    const weight = published.kernel(layer).map((value, k) => value * scale[k % layer.outputs]!);
    set(`${layer.name}.weight`, weight, kernelShape(layer));
    set(
      `${layer.name}.bias`,
      beta.map((value, k) => value - mean[k]! * scale[k]!),
      [layer.outputs],
    );
  }
  const depth = depthOf(layers);
  const classes = published.classes(depth);
  if (classes) {
    set('classes.weight', classes.weight, [classCount, depth]);
    set('classes.bias', classes.bias, [classCount]);
  }
  return folded;
}

/** Transposes a row-major matrix `[rows, columns]`. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, k) => values[(k % rows) * columns + Math.floor(k / rows)]!);
}
