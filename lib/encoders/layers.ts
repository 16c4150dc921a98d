/**
 * The layers of a CNN as data: a list in order of execution. Because networks are data, one forward pass, one weight reader and one
 * fine-tuning implementation serve every architecture.
 */
export type Activation = 'linear' | 'relu' | 'relu6';
export type Padding = 'same' | 'valid';

/** A convolution with batch norm folded into its weights, followed by an activation. */
export interface Convolution {
  readonly kind: 'convolution' | 'depthwise';
  readonly name: string;
  readonly block: string;
  /** Name of the input layer. */
  readonly from: string;
  /** Kernel height and width. */
  readonly kernel: readonly [number, number];
  readonly stride: 1 | 2;
  readonly padding: Padding;
  /** Input channels. */
  readonly inputs: number;
  /** Output channels. */
  readonly outputs: number;
  readonly activation: Activation;
}

/** Pooling over a 3 × 3 window. */
export interface Pooling {
  readonly kind: 'maximum' | 'average';
  readonly name: string;
  readonly block: string;
  readonly from: string;
  readonly stride: 1 | 2;
  readonly padding: Padding;
}

/** A layer that combines several inputs. */
export interface Join {
  readonly kind: 'add' | 'concatenate';
  readonly name: string;
  readonly block: string;
  readonly from: readonly string[];
}

export type Layer = Convolution | Pooling | Join;

/** Output of a layer, as input for the next one. */
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

/** Builds a network layer by layer. Each method adds a layer and returns its output. */
export class NetworkBuilder {
  readonly layers: Layer[] = [];
  #block = '';

  /** Starts a block; layers added from now on belong to it. */
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

  add(name: string, a: Output, b: Output): Output {
    this.layers.push({kind: 'add', name, block: this.#block, from: [a.name, b.name]});
    return {name, channels: a.channels};
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
    this.layers.push({
      kind,
      name,
      block: this.#block,
      from: from.name,
      kernel: typeof kernel === 'number' ? [kernel, kernel] : kernel,
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

/** Cuts a network wherever a single feature map passes, so that its parts can run one after the other. */
export function sectionsOf(layers: readonly Layer[]): Layer[][] {
  const lastReader = new Map<string, number>();
  for (const [at, {from}] of layers.entries()) for (const name of [from].flat()) lastReader.set(name, at);
  const sections: Layer[][] = [];
  let section: Layer[] = [];
  /** Last reader of the feature maps before the current layer's. */
  let needed = lastReader.get(inputLayer.name) ?? 0;
  for (const [at, layer] of layers.entries()) {
    section.push(layer);
    if (needed <= at) {
      sections.push(section);
      section = [];
    }
    needed = Math.max(needed, lastReader.get(layer.name) ?? 0);
  }
  return sections;
}

/** Returns `[height, width, inputs, outputs]`; the last is 1 for a depthwise kernel, which has one output per input. */
export function kernelShape({kind, kernel, inputs, outputs}: Convolution): [number, number, number, number] {
  return [...kernel, inputs, kind === 'depthwise' ? 1 : outputs];
}

/** Returns the channels of the last layer. */
export function depthOf(layers: readonly Layer[]): number {
  const channels = new Map([[inputLayer.name, inputLayer.channels]]);
  for (const layer of layers) channels.set(layer.name, channelsOf(layer, channels));
  return channels.get(layers.at(-1)!.name)!;
}

function channelsOf(layer: Layer, known: ReadonlyMap<string, number>): number {
  if (isConvolution(layer)) return layer.outputs;
  if (!isJoin(layer)) return known.get(layer.from)!;
  const channels = layer.from.map((name) => known.get(name)!);
  return layer.kind === 'add' ? channels[0]! : channels.reduce((sum, one) => sum + one);
}

/** Returns the side of each layer's feature map by name, for a square image of `size` pixels. */
export function sidesOf(layers: readonly Layer[], size: number): Map<string, number> {
  const sides = new Map([[inputLayer.name, size]]);
  for (const layer of layers) sides.set(layer.name, sideOf(layer, sides));
  return sides;
}

function sideOf(layer: Layer, known: ReadonlyMap<string, number>): number {
  if (isJoin(layer)) return known.get(layer.from[0]!)!;
  const side = known.get(layer.from)!;
  const window = isConvolution(layer) ? Math.max(...layer.kernel) : 3;
  return Math.ceil((layer.padding === 'same' ? side : side - window + 1) / layer.stride);
}

/** Counts the multiply-adds for one square image of `size` pixels (one multiplication and one addition count as one, as in papers). */
export function multiplyAdds(layers: readonly Layer[], size: number): number {
  const sides = sidesOf(layers, size);
  return layers.filter(isConvolution).reduce((sum, layer) => {
    const [height, width, inputs, outputs] = kernelShape(layer);
    return sum + sides.get(layer.name)! ** 2 * height * width * inputs * outputs;
  }, 0);
}
