/**
 * The layers of EfficientNet-Lite as a table: EfficientNet (Tan and Le 2019, arXiv 1905.11946) without squeeze-and-excitation
 * and with ReLU6, so that it runs fast anywhere. Width and depth scale its smallest form, B0, to all others.
 */
import type {Preprocessing} from './encoder';

export interface EfficientNetLite {
  readonly name: string;
  /** Factor on the channels of the original B0. */
  readonly width: number;
  /** Factor on its repeats. */
  readonly depth: number;
  readonly preprocessing: Preprocessing;
  /** SHA-256 of the published weight file. */
  readonly source: string;
}

export const efficientNetLite2: EfficientNetLite = {
  name: 'efficientnet-lite2',
  width: 1.1,
  depth: 1.2,
  preprocessing: {
    size: 224,
    fit: 'stretch',
    interpolation: 'cubic',
    // As Lite networks were trained; the statistics in their first batch norm agree with nothing else.
    mean: [127, 127, 127],
    deviation: [128, 128, 128],
  },
  source: '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d',
};

/** A convolution of the network: its name here and in the published file, and the shape of its kernel. */
export interface Convolution {
  readonly name: string;
  readonly published: string;
  /** The batch norm behind it. */
  readonly norm: string;
  readonly kind: 'full' | 'depthwise';
  readonly kernel: number;
  readonly inputs: number;
  readonly outputs: number;
}

export interface Block {
  readonly expand?: Convolution;
  readonly depthwise: Convolution;
  readonly project: Convolution;
  readonly stride: 1 | 2;
  readonly residual: boolean;
}

/** Of B0: repeats, kernel, stride, expansion, channels. */
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
export const headChannels: number = 1280;
export const classes: number = 1000;

export interface Network {
  readonly stem: Convolution;
  readonly blocks: readonly Block[];
  readonly head: Convolution;
}

export function network({width, depth}: EfficientNetLite): Network {
  const blocks: Block[] = [];
  let inputs = stemChannels;
  for (const [stage, [repeats, kernel, stride, expansion, channels]] of stages.entries()) {
    const outputs = roundChannels(channels * width);
    // The first and the last stage are not deepened, as stem and head are not widened.
    const count = stage === 0 || stage === stages.length - 1 ? repeats : Math.ceil(repeats * depth);
    for (let repeat = 0; repeat < count; repeat++) {
      const at = `blocks.${blocks.length}`;
      const inner = inputs * expansion;
      const convolution = (
        name: string,
        norm: number,
        kind: Convolution['kind'],
        shape: [number, number, number],
      ): Convolution => ({
        name: `${at}.${name}`,
        published: `_${at}._${name}_conv`,
        norm: `_${at}._bn${norm}`,
        kind,
        kernel: shape[0],
        inputs: shape[1],
        outputs: shape[2],
      });
      blocks.push({
        ...(expansion > 1 && {expand: convolution('expand', 0, 'full', [1, inputs, inner])}),
        depthwise: convolution('depthwise', 1, 'depthwise', [kernel, inner, inner]),
        project: convolution('project', 2, 'full', [1, inner, outputs]),
        stride: repeat === 0 ? stride : 1,
        residual: (repeat > 0 || stride === 1) && inputs === outputs,
      });
      inputs = outputs;
    }
  }
  const whole = {kind: 'full'} as const;
  return {
    stem: {
      ...whole,
      name: 'stem',
      published: '_conv_stem',
      norm: '_bn0',
      kernel: 3,
      inputs: 3,
      outputs: stemChannels,
    },
    blocks,
    head: {
      ...whole,
      name: 'head',
      published: '_conv_head',
      norm: '_bn1',
      kernel: 1,
      inputs,
      outputs: headChannels,
    },
  };
}

/** To a multiple of 8, and never by more than a tenth down. */
function roundChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

export function convolutions({stem, blocks, head}: Network): Convolution[] {
  const inner = blocks.flatMap(({expand, depthwise, project}) =>
    expand ? [expand, depthwise, project] : [depthwise, project],
  );
  return [stem, ...inner, head];
}

/** Height, width, inputs, outputs; a depthwise kernel has its inputs and one output each. */
export function kernelShape({kind, kernel, inputs, outputs}: Convolution): [number, number, number, number] {
  return [kernel, kernel, inputs, kind === 'depthwise' ? 1 : outputs];
}
