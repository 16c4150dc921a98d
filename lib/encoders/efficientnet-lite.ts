/**
 * EfficientNet-Lite: EfficientNet (Tan and Le 2019, arXiv 1905.11946) without squeeze-and-excitation and with ReLU6, so
 * that it runs fast anywhere. Here it is a table of blocks, how the published PyTorch weights become ours (batch norm
 * folded into the convolutions, kernels height by width by in by out), and the forward pass over both.
 */
import {createHash} from 'node:crypto';
import {promises as fs} from 'node:fs';
import {basename} from 'node:path';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {float32, formatSafetensors, parseSafetensors, toFloat32, type TensorData} from '../files/safetensors';
import {tf} from '../runtime/native';
import type {Encoder, Features, Preprocessing} from './encoder';
import {parsePth} from './pth';

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
interface Convolution {
  readonly name: string;
  readonly published: string;
  /** The batch norm behind it. */
  readonly norm: string;
  readonly kind: 'full' | 'depthwise';
  readonly kernel: number;
  readonly inputs: number;
  readonly outputs: number;
}

interface Block {
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
const headChannels = 1280;
const classes = 1000;
const normEpsilon = 1e-3;

interface Network {
  readonly stem: Convolution;
  readonly blocks: readonly Block[];
  readonly head: Convolution;
}

function network({width, depth}: EfficientNetLite): Network {
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

function convolutions({stem, blocks, head}: Network): Convolution[] {
  const inner = blocks.flatMap(({expand, depthwise, project}) =>
    expand ? [expand, depthwise, project] : [depthwise, project],
  );
  return [stem, ...inner, head];
}

/** Height, width, inputs, outputs; a depthwise kernel has its inputs and one output each. */
function kernelShape({kind, kernel, inputs, outputs}: Convolution): [number, number, number, number] {
  return [kernel, kernel, inputs, kind === 'depthwise' ? 1 : outputs];
}

/**
 * Makes our weight file from the published one.
 *
 * @throws CaptionerError `checksum` when it is not the known file; `weights`, `truncated`, `shape`, `dtype`.
 */
export async function convertEfficientNetLite2(pthFile: string, outFile: string): Promise<void> {
  const bytes = await fs.readFile(pthFile);
  const got = createHash('sha256').update(bytes).digest('hex');
  if (got !== efficientNetLite2.source)
    throw new CaptionerError(
      'checksum',
      `${pthFile}: expected SHA-256 ${efficientNetLite2.source}, got ${got}`,
    );
  const converted = convert(efficientNetLite2, parsePth(bytes, basename(pthFile)), basename(pthFile));
  const metadata = [['architecture', efficientNetLite2.name] as const, ['source', got] as const];
  await writeFileAtomic(outFile, formatSafetensors(converted, metadata));
}

function convert(
  model: EfficientNetLite,
  published: Map<string, TensorData>,
  where: string,
): Map<string, TensorData> {
  const take = (name: string, shape: readonly number[]): Float32Array =>
    takeTensor(published, name, shape, where);
  const converted = new Map<string, TensorData>();
  for (const convolution of convolutions(network(model))) {
    const {name, published: from, norm, kernel, outputs} = convolution;
    const [, , inputs, each] = kernelShape(convolution);
    const depthwise = convolution.kind === 'depthwise';
    const weight = take(`${from}.weight`, [outputs, depthwise ? 1 : inputs, kernel, kernel]);
    const scale = take(`${norm}.weight`, [outputs]);
    const bias = take(`${norm}.bias`, [outputs]);
    const mean = take(`${norm}.running_mean`, [outputs]);
    const variance = take(`${norm}.running_var`, [outputs]);

    const factor = scale.map((value, k) => value / Math.sqrt(variance[k]! + normEpsilon));
    const area = kernel * kernel;
    const perOutput = weight.length / outputs;
    const folded = new Float32Array(weight.length);
    for (let k = 0; k < weight.length; k++) {
      const output = Math.floor(k / perOutput);
      const input = depthwise ? output : Math.floor((k % perOutput) / area);
      folded[((k % area) * inputs + input) * each + (depthwise ? 0 : output)] = weight[k]! * factor[output]!;
    }
    converted.set(`${name}.weight`, float32(folded, kernelShape(convolution)));
    converted.set(
      `${name}.bias`,
      float32(
        bias.map((value, k) => value - mean[k]! * factor[k]!),
        [outputs],
      ),
    );
  }
  converted.set(
    'classes.weight',
    float32(take('_fc.weight', [classes, headChannels]), [classes, headChannels]),
  );
  converted.set('classes.bias', float32(take('_fc.bias', [classes]), [classes]));
  return converted;
}

function takeTensor(
  tensors: ReadonlyMap<string, TensorData>,
  name: string,
  shape: readonly number[],
  where: string,
): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined)
    throw new CaptionerError('weights', `${where}: expected a tensor "${name}", found none`);
  if (tensor.shape.join() !== shape.join())
    throw new CaptionerError(
      'shape',
      `${where}: expected "${name}" [${shape.join(', ')}], got [${tensor.shape.join(', ')}]`,
    );
  if (tensor.dtype !== 'F32')
    throw new CaptionerError('dtype', `${where}: expected "${name}" as F32, got ${tensor.dtype}`);
  return toFloat32(tensor);
}

/**
 * @param file Weights as `convertEfficientNetLite2` writes them.
 * @throws CaptionerError when the file is not whole or not of this architecture.
 */
export async function loadEfficientNetLite(model: EfficientNetLite, file: string): Promise<Encoder> {
  const bytes = await fs.readFile(file);
  const {tensors} = parseSafetensors(bytes, file);
  const take = (name: string, shape: number[]): tf.Tensor =>
    tf.keep(tf.tensor(takeTensor(tensors, name, shape, file), shape));
  const layers = network(model);
  const weights = new Map<string, tf.Tensor>();
  for (const convolution of convolutions(layers)) {
    weights.set(`${convolution.name}.weight`, take(`${convolution.name}.weight`, kernelShape(convolution)));
    weights.set(`${convolution.name}.bias`, take(`${convolution.name}.bias`, [convolution.outputs]));
  }
  weights.set('classes.weight', take('classes.weight', [classes, headChannels]));
  weights.set('classes.bias', take('classes.bias', [classes]));
  return new Lite(model, layers, weights, createHash('sha256').update(bytes).digest('hex'));
}

class Lite implements Encoder {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  readonly cells: number;
  readonly depth = headChannels;

  constructor(
    {name, preprocessing}: EfficientNetLite,
    readonly layers: Network,
    readonly weights: ReadonlyMap<string, tf.Tensor>,
    readonly digest: string,
  ) {
    this.name = name;
    this.preprocessing = preprocessing;
    this.cells = Math.ceil(preprocessing.size / 32) ** 2;
  }

  encode(pixels: tf.Tensor4D): Features {
    const {size} = this.preprocessing;
    const [batch, height, width, channels] = pixels.shape;
    if (height !== size || width !== size || channels !== 3)
      throw new CaptionerError(
        'shape',
        `${this.name}: expected pixels [batch, ${size}, ${size}, 3], got [${pixels.shape.join(', ')}]`,
      );
    return tf.tidy(() => {
      const {stem, blocks, head} = this.layers;
      let x = this.#convolve(this.#normalise(pixels), stem, 2, 'relu6');
      for (const {expand, depthwise, project, stride, residual} of blocks) {
        const wide = expand ? this.#convolve(x, expand, 1, 'relu6') : x;
        const y = this.#convolve(this.#convolve(wide, depthwise, stride, 'relu6'), project, 1, 'linear');
        x = residual ? tf.add(x, y) : y;
      }
      const grid = tf.reshape<tf.Rank.R3>(this.#convolve(x, head, 1, 'relu6'), [
        batch,
        this.cells,
        this.depth,
      ]);
      return {grid, pooled: tf.mean(grid, 1) as tf.Tensor2D};
    });
  }

  classify(pixels: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => {
      const {pooled} = this.encode(pixels);
      const products = tf.matMul(pooled, this.weights.get('classes.weight') as tf.Tensor2D, false, true);
      return tf.add(products, this.weights.get('classes.bias')!);
    });
  }

  dispose(): void {
    for (const weight of this.weights.values()) weight.dispose();
  }

  #normalise(pixels: tf.Tensor4D): tf.Tensor4D {
    const {mean, deviation} = this.preprocessing;
    return tf.div(tf.sub(tf.cast(pixels, 'float32'), tf.tensor1d([...mean])), tf.tensor1d([...deviation]));
  }

  #convolve(
    x: tf.Tensor4D,
    {name, kind}: Convolution,
    stride: 1 | 2,
    activation: 'relu6' | 'linear',
  ): tf.Tensor4D {
    const convolve = kind === 'full' ? tf.fused.conv2d : tf.fused.depthwiseConv2d;
    const filter = this.weights.get(`${name}.weight`) as tf.Tensor4D;
    const bias = this.weights.get(`${name}.bias`)!;
    return convolve({x, filter, bias, strides: stride, pad: 'same', activation});
  }
}
