/** EfficientNet-Lite as an encoder: the forward pass over its table of layers, with weights as `lite-weights` writes them. */
import {createHash} from 'node:crypto';
import {promises as fs} from 'node:fs';
import {CaptionerError} from '../errors';
import {parseSafetensors} from '../files/safetensors';
import {tf} from '../runtime/native';
import type {Encoder, Features, Preprocessing} from './encoder';
import {
  classes,
  convolutions,
  headChannels,
  kernelShape,
  network,
  type Convolution,
  type EfficientNetLite,
  type Network,
} from './lite-network';
import {takeTensor} from './weights';

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
      return {grid, pooled: tf.mean<tf.Tensor2D>(grid, 1)};
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
