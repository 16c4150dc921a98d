/**
 * Inception v3 (Szegedy et al. 2016, arXiv 1512.00567) as Keras has it: a stem, then blocks whose branches look at the
 * same cells through windows of several sizes. Blocks are named `mixed0` to `mixed10`, as there.
 */
import {kerasPreprocessing, type Architecture} from './architecture';
import {inputLayer, NetworkBuilder, type Layer, type Output} from './layers';

/** Channels, kernel, stride; without a stride it is 1, and then the edges are padded. */
type Step = readonly [channels: number, kernel: number | readonly [number, number], stride?: 2];
/** One after the other; a list of steps within is done side by side. */
type Branch = readonly (Step | 'average' | 'maximum' | {readonly split: readonly Step[]})[];

const tall = (side: number): [number, number] => [side, 1];
const wide = (side: number): [number, number] => [1, side];

/** Figure 5 of the paper. */
const small = (pooled: number): Branch[] => [
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
  ['average', [pooled, 1]],
];

/** Figure 6: a window of 7 × 7 as one of 1 × 7 and one of 7 × 1. */
const factorised = (inner: number): Branch[] => [
  [[192, 1]],
  [
    [inner, 1],
    [inner, wide(7)],
    [192, tall(7)],
  ],
  [
    [inner, 1],
    [inner, tall(7)],
    [inner, wide(7)],
    [inner, tall(7)],
    [192, wide(7)],
  ],
  ['average', [192, 1]],
];

/** Figure 7: wider rather than deeper, where cells are few. */
const broad: Branch[] = [
  [[320, 1]],
  [
    [384, 1],
    {
      split: [
        [384, wide(3)],
        [384, tall(3)],
      ],
    },
  ],
  [
    [448, 1],
    [384, 3],
    {
      split: [
        [384, wide(3)],
        [384, tall(3)],
      ],
    },
  ],
  ['average', [192, 1]],
];

const blocks: readonly (readonly Branch[])[] = [
  small(32),
  small(64),
  small(64),
  [
    [[384, 3, 2]],
    [
      [64, 1],
      [96, 3],
      [96, 3, 2],
    ],
    ['maximum'],
  ],
  factorised(128),
  factorised(160),
  factorised(160),
  factorised(192),
  [
    [
      [192, 1],
      [320, 3, 2],
    ],
    [
      [192, 1],
      [192, wide(7)],
      [192, tall(7)],
      [192, 3, 2],
    ],
    ['maximum'],
  ],
  broad,
  broad,
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
  const table = new NetworkBuilder();
  const activation = 'relu';
  table.block('stem');
  let x = table.convolve('stem.0', inputLayer, 32, {kernel: 3, stride: 2, padding: 'valid', activation});
  x = table.convolve('stem.1', x, 32, {kernel: 3, padding: 'valid', activation});
  x = table.convolve('stem.2', x, 64, {kernel: 3, activation});
  x = table.pool('maximum', 'stem.3', x, 2, 'valid');
  x = table.convolve('stem.4', x, 80, {padding: 'valid', activation});
  x = table.convolve('stem.5', x, 192, {kernel: 3, padding: 'valid', activation});
  x = table.pool('maximum', 'stem.6', x, 2, 'valid');

  const branch = (name: string, from: Output, steps: Branch): Output => {
    let y = from;
    for (const [at, step] of steps.entries()) {
      const here = `${name}.${at}`;
      if (step === 'average') y = table.pool('average', here, y, 1, 'same');
      else if (step === 'maximum') y = table.pool('maximum', here, y, 2, 'valid');
      else if ('split' in step) {
        const before = y;
        const sides = step.split.map((one, side) => branch(`${here}.${side}`, before, [one]));
        y = table.concatenate(here, sides);
      } else {
        const [channels, kernel, stride = 1] = step;
        const padding = stride === 2 ? 'valid' : 'same';
        y = table.convolve(here, y, channels, {kernel, stride, padding, activation});
      }
    }
    return y;
  };
  for (const [number, branches] of blocks.entries()) {
    const name = `mixed${number}`;
    table.block(name);
    const before = x;
    x = table.concatenate(
      name,
      branches.map((steps, at) => branch(`${name}.${at}`, before, steps)),
    );
  }
  return table.layers;
}
