/** What an encoder is made from: a table of layers, how images become its input, and where its weights are published. */
import type {Layer} from './layers';
import type {Preprocessing} from './encoder';

export interface Architecture {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  readonly layers: readonly Layer[];
  /** Of batch norm, which published weights carry beside the convolutions. */
  readonly normEpsilon: number;
  /** Whether batch norm has a factor of its own (gamma). */
  readonly normScale: boolean;
  /** Published weight files that are known; SHA-256 where it is. */
  readonly published: readonly {readonly file: string; readonly sha256?: string}[];
  /** Names in a published PyTorch file; absent: there is none. */
  readonly torchName?: (layer: string) => {readonly convolution: string; readonly norm: string};
}

/** Of ImageNet. */
export const classCount: number = 1000;

/** Of networks that Keras publishes: pixels from -1 to 1. */
export function kerasPreprocessing(size: number): Preprocessing {
  return {
    size,
    fit: 'stretch',
    interpolation: 'linear',
    mean: [127.5, 127.5, 127.5],
    std: [127.5, 127.5, 127.5],
  };
}
