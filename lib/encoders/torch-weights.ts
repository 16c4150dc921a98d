/** Reads PyTorch weight files (.pth), whose kernels are `[outputs, inputs, height, width]`. */
import {CaptionerError} from '../errors';
import {takeTensor, type TensorData} from '../files/safetensors';
import {classCount, type Architecture} from './architecture';
import {kernelShape} from './layers';
import type {PublishedWeights} from './fold-batch-norm';

/**
 * Reads all weights of a PyTorch file.
 *
 * @param tensors Its tensors by name.
 * @param where The file's name, for messages.
 * @throws CaptionerError `weights`, `truncated`, `shape`, `dtype`.
 */
export function torchWeights(
  {name, torchName}: Architecture,
  tensors: ReadonlyMap<string, TensorData>,
  where: string,
): PublishedWeights {
  if (torchName === undefined)
    throw new CaptionerError(
      'weights',
      `${where}: expected Keras weights (.h5) for ${name}, got PyTorch weights`,
    );
  const take = (tensor: string, shape: readonly number[]): Float32Array =>
    takeTensor(tensors, tensor, shape, where);
  return {
    kernel(layer) {
      const [height, width, inputs, outputs] = kernelShape(layer);
      const {convolution} = torchName(layer.name);
      const depthwise = layer.kind === 'depthwise';
      const from = take(`${convolution}.weight`, [layer.outputs, depthwise ? 1 : inputs, height, width]);
      const area = height * width;
      const perOutput = from.length / layer.outputs;
      const kernel = new Float32Array(from.length);
      for (let k = 0; k < from.length; k++) {
        const output = Math.floor(k / perOutput);
        const input = depthwise ? output : Math.floor((k % perOutput) / area);
        kernel[((k % area) * inputs + input) * outputs + (depthwise ? 0 : output)] = from[k]!;
      }
      return kernel;
    },
    norm({name: layer, outputs}) {
      const {norm} = torchName(layer);
      return {
        gamma: take(`${norm}.weight`, [outputs]),
        beta: take(`${norm}.bias`, [outputs]),
        mean: take(`${norm}.running_mean`, [outputs]),
        variance: take(`${norm}.running_var`, [outputs]),
      };
    },
    classes: (depth) => ({
      weight: take('_fc.weight', [classCount, depth]),
      bias: take('_fc.bias', [classCount]),
    }),
  };
}
