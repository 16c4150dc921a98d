/**
 * EfficientNet-Lite: EfficientNet (Tan and Le 2019, arXiv 1905.11946) without squeeze-and-excitation and with ReLU6, which
 * makes it fast on CPUs. All sizes scale the width and depth of the smallest network, B0.
 */
import type {Architecture} from './architecture';
import {invertedResidual} from './inverted-residual';
import {inputLayer, NetworkBuilder, type Layer} from './layers';

/** Stages of B0: repeats, kernel, stride, expansion, channels. */
const stages = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;
const stemChannels = 32;
const headChannels = 1280;

/**
 * Width and depth factors, input size, published file and its SHA-256. Lite2 was trained at 260 pixels; 224 pixels take three quarters
 * of the computation.
 */
const sizes = {
  'efficientnet-lite0': [
    1,
    1,
    224,
    'efficientnet-lite0-57934424.pth',
    '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
  ],
  'efficientnet-lite1': [
    1,
    1.1,
    240,
    'efficientnet-lite1-77cc7160.pth',
    '77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850',
  ],
  'efficientnet-lite2': [
    1.1,
    1.2,
    224,
    'efficientnet-lite2-9656183e.pth',
    '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d',
  ],
} as const;

export function efficientNetLite(name: keyof typeof sizes): Architecture {
  const [width, depth, size, file, sha256] = sizes[name];
  return {
    name,
    preprocessing: {
      size,
      fit: 'stretch',
      interpolation: 'cubic',
      // The values that Lite networks were trained with; the statistics of their first batch norm confirm them.
      mean: [127, 127, 127],
      std: [128, 128, 128],
    },
    layers: layersOf(width, depth),
    normEpsilon: 1e-3,
    normScale: true,
    published: [{file, sha256}],
    torchName,
  };
}

function layersOf(width: number, depth: number): Layer[] {
  const builder = new NetworkBuilder();
  builder.block('stem');
  let x = builder.convolve('stem', inputLayer, stemChannels, {kernel: 3, stride: 2, activation: 'relu6'});
  let block = 0;
  for (const [stage, [repeats, kernel, stride, expansion, channels]] of stages.entries()) {
    const outputs = roundChannels(channels * width);
    // Depth scaling skips the first and the last stage, as width scaling skips stem and head.
    const count = stage === 0 || stage === stages.length - 1 ? repeats : Math.ceil(repeats * depth);
    for (let repeat = 0; repeat < count; repeat++, block++) {
      const shape = {expansion, kernel, stride: repeat === 0 ? stride : 1, outputs} as const;
      x = invertedResidual(builder, `blocks.${block}`, x, shape);
    }
  }
  builder.block('head');
  builder.convolve('head', x, headChannels, {activation: 'relu6'});
  return builder.layers;
}

/** Rounds to a multiple of 8, but never down by more than 10 %. */
function roundChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

const norms: Readonly<Record<string, string>> = {expand: '_bn0', depthwise: '_bn1', project: '_bn2'};

function torchName(layer: string): {convolution: string; norm: string} {
  const [, block, part] = /^(blocks\.\d+)\.(\w+)$/.exec(layer) ?? [];
  if (block !== undefined) return {convolution: `_${block}._${part}_conv`, norm: `_${block}.${norms[part!]}`};
  return {convolution: `_conv_${layer}`, norm: layer === 'stem' ? '_bn0' : '_bn1'};
}
