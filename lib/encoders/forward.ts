/** The forward pass through a network's layers. */
import {convolution, fusedConvolution} from '../ops/convolution';
import {tf} from '../tensorflow/tensorflow';
import {isConvolution, kernelShape, type Convolution, type Layer} from './layers';

/** Weights by name: `<layer>.weight` (of `kernelShape`) and `<layer>.bias`. */
export type Weights = ReadonlyMap<string, tf.Tensor>;

/**
 * Runs consecutive layers of a network.
 *
 * @param x Input of the first layer, `[batch, height, width, channels]`.
 * @param options.differentiable Whether to allow gradients with respect to `x` and the weights; slower. @default false
 * @returns Output of the last layer. The caller disposes it.
 */
export function forward(
  layers: readonly Layer[],
  weights: Weights,
  x: tf.Tensor4D,
  {differentiable = false}: {readonly differentiable?: boolean} = {},
): tf.Tensor4D {
  return tf.tidy(() => {
    const outputs = forwardTo(layers, weights, x, () => differentiable, differentiable);
    return outputs.get(layers.at(-1)!.name)!;
  });
}

/**
 * Runs consecutive layers of a network, inside a `tf.tidy`.
 *
 * @param keep Whether the output of a layer is kept; the others are freed after their last use.
 * @returns The outputs by the names of their layers.
 */
export function forwardTo(
  layers: readonly Layer[],
  weights: Weights,
  x: tf.Tensor4D,
  keep: (name: string) => boolean,
  differentiable: boolean = false,
): Map<string, tf.Tensor4D> {
  const readers = new Map<string, number>();
  for (const {from} of layers)
    for (const name of [from].flat()) readers.set(name, (readers.get(name) ?? 0) + 1);
  const [first] = [layers[0]!.from].flat();
  const outputs = new Map([[first!, x]]);
  for (const layer of layers) {
    const names = [layer.from].flat();
    const inputs = names.map((name) => outputs.get(name)!);
    outputs.set(layer.name, compute(layer, weights, inputs, differentiable));
    // Activations are freed after their last use, which cuts the memory of a large network to a tenth and saves time.
    for (const name of names) {
      const remaining = readers.get(name)! - 1;
      readers.set(name, remaining);
      if (remaining > 0 || name === first || keep(name)) continue;
      outputs.get(name)!.dispose();
      outputs.delete(name);
    }
  }
  return outputs;
}

function compute(
  layer: Layer,
  weights: Weights,
  inputs: readonly tf.Tensor4D[],
  differentiable: boolean,
): tf.Tensor4D {
  const [x, y] = inputs;
  if (isConvolution(layer)) return convolve(layer, weights, x!, differentiable);
  switch (layer.kind) {
    case 'add':
      return tf.add(x!, y!);
    case 'concatenate':
      return tf.concat([...inputs], 3);
    case 'maximum':
      return tf.maxPool(x!, 3, layer.stride, layer.padding);
    case 'average':
      return tf.avgPool(x!, 3, layer.stride, layer.padding);
  }
}

function convolve(
  layer: Convolution,
  weights: Weights,
  x: tf.Tensor4D,
  differentiable: boolean,
): tf.Tensor4D {
  const {name, kind, stride, padding, activation} = layer;
  const filter = weights.get(`${name}.weight`) as tf.Tensor4D;
  const options = {depthwise: kind === 'depthwise', stride, padding, activation};
  const run = differentiable ? convolution : fusedConvolution;
  return run(x, filter, weights.get(`${name}.bias`)!, options);
}

/** Returns the shapes of the layers' weights by name. */
export function weightShapes(layers: readonly Layer[]): Map<string, number[]> {
  return new Map(
    layers.filter(isConvolution).flatMap((layer): [string, number[]][] => [
      [`${layer.name}.weight`, kernelShape(layer)],
      [`${layer.name}.bias`, [layer.outputs]],
    ]),
  );
}
