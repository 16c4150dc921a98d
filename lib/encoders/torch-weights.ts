/** Weights as PyTorch has them (.pth): kernels by output, input, height and width. */
import {CaptionerError} from '../errors';
import {classCount, type Architecture} from './architecture';
import {kernelShape} from './layers';
import {parsePth} from './pth';
import type {Published} from './fold-batch-norm';
import {takeTensor} from './take-tensor';

/**
 * @param where The file's name, for messages.
 * @throws CaptionerError `weights`, `truncated`, `shape`, `dtype`.
 */
export function torchWeights({name, torchName}: Architecture, bytes: Buffer, where: string): Published {
  if (torchName === undefined)
    throw new CaptionerError(
      'weights',
      `${where}: expected weights of ${name} as Keras has them (.h5), got PyTorch's`,
    );
  const tensors = parsePth(bytes, where);
  const take = (tensor: string, shape: readonly number[]): Float32Array =>
    takeTensor(tensors, tensor, shape, where);
  return {
    kernel(layer) {
      const [height, width, inputs, each] = kernelShape(layer);
      const {convolution} = torchName(layer.name);
      const depthwise = layer.kind === 'depthwise';
      const from = take(`${convolution}.weight`, [layer.outputs, depthwise ? 1 : inputs, height, width]);
      const area = height * width;
      const perOutput = from.length / layer.outputs;
      const kernel = new Float32Array(from.length);
      for (let k = 0; k < from.length; k++) {
        const output = Math.floor(k / perOutput);
        const input = depthwise ? output : Math.floor((k % perOutput) / area);
        kernel[((k % area) * inputs + input) * each + (depthwise ? 0 : output)] = from[k]!;
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
