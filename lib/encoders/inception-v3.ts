/**
 * Inception v3 (Szegedy et al. 2016, arXiv 1512.00567) as in Keras: a stem, then blocks of parallel branches with kernels of several
 * sizes. Blocks are named `mixed0` to `mixed10`, as in Keras.
 */
import {kerasPreprocessing, type Architecture} from './architecture';
import {inputLayer, NetworkBuilder, type Layer, type Output} from './layers';

/** A convolution. Stride 1, the default, pads (`same`); stride 2 doesn't (`valid`). */
type Step = readonly [channels: number, kernel: number | readonly [number, number], stride?: 2];
/** Consecutive layers of a branch. `split` runs its convolutions in parallel and concatenates them. */
type Branch = readonly (Step | 'average' | 'maximum' | {readonly split: readonly Step[]})[];

const vertical = (size: number): [number, number] => [size, 1];
const horizontal = (size: number): [number, number] => [1, size];

/** Figure 5 of the paper. The blocks are named as in torchvision. */
const inceptionA = (poolChannels: number): Branch[] => [
  [[64, 1]],
  [
    [48, 1],
    [64, 5],
  ],
  [
    [64, 1],
    [96, 3],
    [96, 3],
  ],
  ['average', [poolChannels, 1]],
];

/** Halves the grid, section 5. */
const inceptionB: Branch[] = [
  [[384, 3, 2]],
  [
    [64, 1],
    [96, 3],
    [96, 3, 2],
  ],
  ['maximum'],
];

/** Figure 6: a 7 × 7 kernel factorised into 1 × 7 and 7 × 1. */
const inceptionC = (inner: number): Branch[] => [
  [[192, 1]],
  [
    [inner, 1],
    [inner, horizontal(7)],
    [192, vertical(7)],
  ],
  [
    [inner, 1],
    [inner, vertical(7)],
    [inner, horizontal(7)],
    [inner, vertical(7)],
    [192, horizontal(7)],
  ],
  ['average', [192, 1]],
];

/** Halves the grid, section 5. */
const inceptionD: Branch[] = [
  [
    [192, 1],
    [320, 3, 2],
  ],
  [
    [192, 1],
    [192, horizontal(7)],
    [192, vertical(7)],
    [192, 3, 2],
  ],
  ['maximum'],
];

/** Figure 7: wider instead of deeper, for the coarsest grid. */
const inceptionE: Branch[] = [
  [[320, 1]],
  [
    [384, 1],
    {
      split: [
        [384, horizontal(3)],
        [384, vertical(3)],
      ],
    },
  ],
  [
    [448, 1],
    [384, 3],
    {
      split: [
        [384, horizontal(3)],
        [384, vertical(3)],
      ],
    },
  ],
  ['average', [192, 1]],
];

const blocks: readonly (readonly Branch[])[] = [
  inceptionA(32),
  inceptionA(64),
  inceptionA(64),
  inceptionB,
  inceptionC(128),
  inceptionC(160),
  inceptionC(160),
  inceptionC(192),
  inceptionD,
  inceptionE,
  inceptionE,
];

export const inceptionV3: Architecture = {
  name: 'inception-v3',
  preprocessing: kerasPreprocessing(299),
  layers: layers(),
  normEpsilon: 1e-3,
  normScale: false,
  published: [
    {file: 'inception_v3_weights_tf_dim_ordering_tf_kernels.h5'},
    {file: 'inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5'},
  ],
};

function layers(): Layer[] {
  const builder = new NetworkBuilder();
  const activation = 'relu';
  builder.block('stem');
  let x = builder.convolve('stem.0', inputLayer, 32, {kernel: 3, stride: 2, padding: 'valid', activation});
  x = builder.convolve('stem.1', x, 32, {kernel: 3, padding: 'valid', activation});
  x = builder.convolve('stem.2', x, 64, {kernel: 3, activation});
  x = builder.pool('maximum', 'stem.3', x, 2, 'valid');
  x = builder.convolve('stem.4', x, 80, {padding: 'valid', activation});
  x = builder.convolve('stem.5', x, 192, {kernel: 3, padding: 'valid', activation});
  x = builder.pool('maximum', 'stem.6', x, 2, 'valid');

  const branch = (name: string, from: Output, steps: Branch): Output => {
    let y = from;
    for (const [at, step] of steps.entries()) {
      const here = `${name}.${at}`;
      if (step === 'average') y = builder.pool('average', here, y, 1, 'same');
      else if (step === 'maximum') y = builder.pool('maximum', here, y, 2, 'valid');
      else if ('split' in step) {
        const input = y;
        const parts = step.split.map((one, part) => branch(`${here}.${part}`, input, [one]));
        y = builder.concatenate(here, parts);
      } else {
        const [channels, kernel, stride = 1] = step;
        const padding = stride === 2 ? 'valid' : 'same';
        y = builder.convolve(here, y, channels, {kernel, stride, padding, activation});
      }
    }
    return y;
  };
  for (const [number, branches] of blocks.entries()) {
    const name = `mixed${number}`;
    builder.block(name);
    const input = x;
    x = builder.concatenate(
      name,
      branches.map((steps, at) => branch(`${name}.${at}`, input, steps)),
    );
  }
  return builder.layers;
}
