/**
 * The block of mobile networks (Sandler et al. 2018, section 3.3): wide inside, where every channel looks around on its own,
 * and narrow at both ends, which are added where they are alike.
 */
import type {Output, NetworkBuilder} from './layers';

export interface InvertedResidual {
  /** How much wider it is inside. */
  readonly expansion: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
  readonly outputs: number;
}

/** @param name The block's, which its layers' names begin with: `expand`, `depthwise`, `project`, `add`. */
export function invertedResidual(
  table: NetworkBuilder,
  name: string,
  x: Output,
  {expansion, kernel, stride, outputs}: InvertedResidual,
): Output {
  const activation = 'relu6';
  table.block(name);
  const wide = expansion > 1 ? table.convolve(`${name}.expand`, x, x.channels * expansion, {activation}) : x;
  const seen = table.depthwise(`${name}.depthwise`, wide, {kernel, stride, activation});
  const y = table.convolve(`${name}.project`, seen, outputs);
  return stride === 1 && x.channels === outputs ? table.add(`${name}.add`, x, y) : y;
}
