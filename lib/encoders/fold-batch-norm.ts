/**
 * How published weights become ours: batch norm is folded into the convolution before it (it is a factor and a shift for
 * each channel once training is over), so that there is half as much to compute and nothing left that could drift.
 */
import {CaptionerError} from '../errors';
import {float32, type TensorData} from '../files/safetensors';
import {classCount, type Architecture} from './architecture';
import {depthOf, isConvolution, kernelShape, type Convolution} from './layers';

/** Of each channel. */
export interface Norm {
  /** Gamma; absent where batch norm has none. */
  readonly gamma?: Float32Array;
  /** Beta. */
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** A published file, read by the names and in the order that its makers chose. */
export interface Published {
  /** As `kernelShape` says. */
  kernel(layer: Convolution): Float32Array;
  norm(layer: Convolution): Norm;
  /** `[classes, depth]` and `[classes]`; undefined where the file was published without. */
  classes(depth: number): {readonly weight: Float32Array; readonly bias: Float32Array} | undefined;
}

/** @throws CaptionerError as `published` does; `weights` where a number is not finite. */
export function foldWeights(
  {layers, normEpsilon}: Architecture,
  published: Published,
  where: string,
): Map<string, TensorData> {
  const folded = new Map<string, TensorData>();
  const set = (name: string, values: Float32Array, shape: number[]): void => {
    if (!values.every(Number.isFinite))
      throw new CaptionerError('weights', `${where}: expected finite numbers in ${name}, got others`);
    folded.set(name, float32(values, shape));
  };
  for (const layer of layers.filter(isConvolution)) {
    const {gamma, beta, mean, variance} = published.norm(layer);
    const factor = variance.map((value, k) => (gamma?.[k] ?? 1) / Math.sqrt(value + normEpsilon));
    // In both kinds of kernel the channel of the output runs fastest.
    const weight = published.kernel(layer).map((value, k) => value * factor[k % layer.outputs]!);
    set(`${layer.name}.weight`, weight, kernelShape(layer));
    set(
      `${layer.name}.bias`,
      beta.map((value, k) => value - mean[k]! * factor[k]!),
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

/** Turns the two sides of a matrix. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, k) => values[(k % rows) * columns + Math.floor(k / rows)]!);
}
