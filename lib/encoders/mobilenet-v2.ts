/** MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381) with width 1: inverted residuals with linear bottlenecks. */
import {kerasPreprocessing, type Architecture} from './architecture';
import {invertedResidual} from './inverted-residual';
import {inputLayer, NetworkBuilder, type Layer} from './layers';

/** Table 2 of the paper: expansion, channels, repeats, stride. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

export const mobileNetV2: Architecture = {
  name: 'mobilenet-v2',
  preprocessing: kerasPreprocessing(224),
  layers: layers(),
  normEpsilon: 1e-3,
  normScale: true,
  published: [
    {file: 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5'},
    {file: 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5'},
  ],
};

function layers(): Layer[] {
  const builder = new NetworkBuilder();
  builder.block('stem');
  let x = builder.convolve('stem', inputLayer, 32, {kernel: 3, stride: 2, activation: 'relu6'});
  let block = 0;
  for (const [expansion, channels, repeats, stride] of stages) {
    for (let repeat = 0; repeat < repeats; repeat++, block++) {
      const shape = {expansion, kernel: 3, stride: repeat === 0 ? stride : 1, outputs: channels} as const;
      x = invertedResidual(builder, `blocks.${block}`, x, shape);
    }
  }
  builder.block('head');
  builder.convolve('head', x, 1280, {activation: 'relu6'});
  return builder.layers;
}
