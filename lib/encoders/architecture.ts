/** The description of an encoder: its layers, the preprocessing of its input, and the files that its weights are published in. */
import type {Layer} from './layers';
import type {Preprocessing} from './encoder';

export interface Architecture {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  readonly layers: readonly Layer[];
  /** Epsilon of batch norm, which is folded into the convolutions when published weights are read. */
  readonly normEpsilon: number;
  /** Whether batch norm has a trained scale (gamma). */
  readonly normScale: boolean;
  /** Known published weight files, with their SHA-256 where it is known. */
  readonly published: readonly {readonly file: string; readonly sha256?: string}[];
  /** Maps a layer's name to the names in the published PyTorch file. Absent if there is no such file. */
  readonly torchName?: (layer: string) => {readonly convolution: string; readonly norm: string};
}

/** Number of ImageNet classes. */
export const classCount: number = 1000;

/** Preprocessing of the networks that Keras publishes: pixels scaled to [-1, 1]. */
export function kerasPreprocessing(size: number): Preprocessing {
  return {
    size,
    fit: 'stretch',
    interpolation: 'linear',
    mean: [127.5, 127.5, 127.5],
    std: [127.5, 127.5, 127.5],
  };
}
