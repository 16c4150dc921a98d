/**
 * A CNN as a table: one row a layer, in the order in which they are computed. A table is data, so that one forward pass,
 * one reader of weights and one way of fine-tuning serve every architecture.
 */
export type Activation = 'linear' | 'relu' | 'relu6';
export type Padding = 'same' | 'valid';

/** A convolution with the batch norm behind it, which is folded into its weights. */
export interface Convolution {
  readonly kind: 'convolution' | 'depthwise';
  readonly name: string;
  readonly block: string;
  /** The layer before it. */
  readonly from: string;
  /** Height and width. */
  readonly kernel: readonly [number, number];
  readonly stride: 1 | 2;
  readonly padding: Padding;
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: Activation;
}

/** Over 3 × 3 cells. */
export interface Pooling {
  readonly kind: 'maximum' | 'average';
  readonly name: string;
  readonly block: string;
  readonly from: string;
  readonly stride: 1 | 2;
  readonly padding: Padding;
}

export interface Join {
  readonly kind: 'add' | 'concatenate';
  readonly name: string;
  readonly block: string;
  readonly from: readonly string[];
}

export type Layer = Convolution | Pooling | Join;

/** What a layer gives to those behind it. */
export interface Output {
  readonly name: string;
  readonly channels: number;
}

export const inputLayer: Output = {name: 'input', channels: 3};

interface ConvolutionOptions {
  readonly kernel?: number | readonly [number, number];
  readonly stride?: 1 | 2;
  readonly padding?: Padding;
  readonly activation?: Activation;
}

/** Writes a table row by row. */
export class NetworkBuilder {
  readonly layers: Layer[] = [];
  #block = '';

  /** Layers added from now on belong to this block. */
  block(name: string): void {
    this.#block = name;
  }

  convolve(name: string, from: Output, channels: number, options: ConvolutionOptions = {}): Output {
    return this.#convolution('convolution', name, from, channels, options);
  }

  depthwise(name: string, from: Output, options: ConvolutionOptions = {}): Output {
    return this.#convolution('depthwise', name, from, from.channels, options);
  }

  pool(kind: Pooling['kind'], name: string, from: Output, stride: 1 | 2, padding: Padding): Output {
    this.layers.push({kind, name, block: this.#block, from: from.name, stride, padding});
    return {name, channels: from.channels};
  }

  add(name: string, one: Output, other: Output): Output {
    this.layers.push({kind: 'add', name, block: this.#block, from: [one.name, other.name]});
    return {name, channels: one.channels};
  }

  concatenate(name: string, from: readonly Output[]): Output {
    this.layers.push({kind: 'concatenate', name, block: this.#block, from: from.map((one) => one.name)});
    return {name, channels: from.reduce((sum, {channels}) => sum + channels, 0)};
  }

  #convolution(
    kind: Convolution['kind'],
    name: string,
    from: Output,
    outputs: number,
    {kernel = 1, stride = 1, padding = 'same', activation = 'linear'}: ConvolutionOptions,
  ): Output {
    const sides = typeof kernel === 'number' ? ([kernel, kernel] as const) : kernel;
    const at = {name, block: this.#block, from: from.name};
    this.layers.push({
      kind,
      ...at,
      kernel: sides,
      stride,
      padding,
      inputs: from.channels,
      outputs,
      activation,
    });
    return {name, channels: outputs};
  }
}

export function isConvolution(layer: Layer): layer is Convolution {
  return layer.kind === 'convolution' || layer.kind === 'depthwise';
}

export function isJoin(layer: Layer): layer is Join {
  return layer.kind === 'add' || layer.kind === 'concatenate';
}

/** Height, width, inputs, outputs; a depthwise kernel has one output for each of its inputs. */
export function kernelShape({kind, kernel, inputs, outputs}: Convolution): [number, number, number, number] {
  return [...kernel, inputs, kind === 'depthwise' ? 1 : outputs];
}

/** Channels of the last layer. */
export function depthOf(layers: readonly Layer[]): number {
  const channels = new Map([[inputLayer.name, inputLayer.channels]]);
  for (const layer of layers) channels.set(layer.name, channelsOf(layer, channels));
  return channels.get(layers.at(-1)!.name)!;
}

function channelsOf(layer: Layer, before: ReadonlyMap<string, number>): number {
  if (isConvolution(layer)) return layer.outputs;
  if (!isJoin(layer)) return before.get(layer.from)!;
  const channels = layer.from.map((name) => before.get(name)!);
  return layer.kind === 'add' ? channels[0]! : channels.reduce((sum, one) => sum + one);
}

/** Cells along a side after each layer, for a square image of `size` pixels. */
export function sidesOf(layers: readonly Layer[], size: number): Map<string, number> {
  const sides = new Map([[inputLayer.name, size]]);
  for (const layer of layers) sides.set(layer.name, sideOf(layer, sides));
  return sides;
}

function sideOf(layer: Layer, before: ReadonlyMap<string, number>): number {
  if (isJoin(layer)) return before.get(layer.from[0]!)!;
  const side = before.get(layer.from)!;
  const window = isConvolution(layer) ? Math.max(...layer.kernel) : 3;
  return Math.ceil((layer.padding === 'same' ? side : side - window + 1) / layer.stride);
}

/** Multiplications and additions for one square image of `size` pixels, as papers count them: one of each is one. */
export function multiplyAdds(layers: readonly Layer[], size: number): number {
  const sides = sidesOf(layers, size);
  return layers.filter(isConvolution).reduce((sum, layer) => {
    const [height, width, inputs, each] = kernelShape(layer);
    return sum + sides.get(layer.name)! ** 2 * height * width * inputs * each;
  }, 0);
}
