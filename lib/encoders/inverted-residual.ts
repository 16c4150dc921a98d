/**
 * The inverted residual block of MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381, section 3.3): a 1 × 1 convolution expands the
 * channels, a depthwise convolution filters them, and a linear 1 × 1 convolution projects them back. Input and output are added if
 * their shapes agree.
 */
import type {Output, NetworkBuilder} from './layers';

export interface InvertedResidual {
  /** Factor by which the block expands its channels. */
  readonly expansion: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
  /** Output channels. */
  readonly outputs: number;
}

/**
 * Adds an inverted residual block to a network.
 *
 * @param name Name of the block. Its layers are `<name>.expand`, `<name>.depthwise`, `<name>.project` and `<name>.add`.
 */
export function invertedResidual(
  builder: NetworkBuilder,
  name: string,
  x: Output,
  {expansion, kernel, stride, outputs}: InvertedResidual,
): Output {
  const activation = 'relu6';
  builder.block(name);
  const expanded =
    expansion > 1 ? builder.convolve(`${name}.expand`, x, x.channels * expansion, {activation}) : x;
  const filtered = builder.depthwise(`${name}.depthwise`, expanded, {kernel, stride, activation});
  const y = builder.convolve(`${name}.project`, filtered, outputs);
  return stride === 1 && x.channels === outputs ? builder.add(`${name}.add`, x, y) : y;
}
