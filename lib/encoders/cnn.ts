/** A pretrained CNN as an encoder: an architecture's table of layers together with weights. */
import {CaptionerError} from '../errors';
import {tf} from '../tensorflow/tensorflow';
import {classCount, type Architecture} from './architecture';
import type {Encoder, Features, Preprocessing} from './encoder';
import {forward, weightShapes, type Weights} from './forward';
import {depthOf, sidesOf, type Layer} from './layers';
import {takeTensor} from './take-tensor';
import type {WeightFile} from './weights';

export class Cnn implements Encoder {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly cells: number;
  readonly depth: number;
  readonly classes: number;
  readonly digest: string;

  private constructor(
    private readonly architecture: Architecture,
    readonly preprocessing: Preprocessing,
    readonly weights: Weights,
    digest: string,
  ) {
    this.name = architecture.name;
    this.layers = architecture.layers;
    this.digest = digest;
    this.depth = depthOf(this.layers);
    this.cells = sidesOf(this.layers, preprocessing.size).get(this.layers.at(-1)!.name)! ** 2;
    this.classes = weights.has('classes.weight') ? classCount : 0;
  }

  /**
   * @param where The weight file, for messages.
   * @throws CaptionerError `weights`, `shape`, `dtype` when it does not fit the architecture.
   */
  static create(
    architecture: Architecture,
    preprocessing: Preprocessing,
    {tensors, digest}: WeightFile,
    where: string,
  ): Cnn {
    const {name, layers} = architecture;
    const sides = [...sidesOf(layers, preprocessing.size).values()];
    if (Math.min(...sides) < 1)
      throw new CaptionerError(
        'options',
        `${name}: expected larger images, got ${preprocessing.size} pixels, of which its last layers would see none`,
      );
    const shapes = weightShapes(layers);
    if (tensors.has('classes.weight')) {
      shapes.set('classes.weight', [classCount, depthOf(layers)]);
      shapes.set('classes.bias', [classCount]);
    }
    const values = [...shapes].map(([name, shape]) => takeTensor(tensors, name, shape, where));
    const weights = [...shapes].map(
      ([name, shape], at) => [name, tf.keep(tf.tensor(values[at]!, shape))] as const,
    );
    return new Cnn(architecture, preprocessing, new Map(weights), digest);
  }

  /** The same network with other weights, which it disposes. */
  withWeights(weights: Weights, digest: string): Cnn {
    return new Cnn(this.architecture, this.preprocessing, weights, digest);
  }

  encode(pixels: tf.Tensor4D): Features {
    const last = tf.tidy(() => forward(this.layers, this.weights, this.normalise(pixels)));
    const features = this.pool(last);
    last.dispose();
    return features;
  }

  classify(pixels: tf.Tensor4D): tf.Tensor2D {
    if (this.classes === 0)
      throw new CaptionerError('weights', `${this.name}: expected weights with classes, got those without`);
    return tf.tidy(() => {
      const {pooled} = this.encode(pixels);
      const products = tf.matMul(pooled, this.weights.get('classes.weight') as tf.Tensor2D, false, true);
      return tf.add(products, this.weights.get('classes.bias')!);
    });
  }

  /**
   * @param pixels As `encode` takes them.
   * @returns What the first layer reads.
   */
  normalise(pixels: tf.Tensor4D): tf.Tensor4D {
    const {size, mean, std} = this.preprocessing;
    const [, height, width, channels] = pixels.shape;
    if (height !== size || width !== size || channels !== 3)
      throw new CaptionerError(
        'shape',
        `${this.name}: expected pixels [batch, ${size}, ${size}, 3], got [${pixels.shape.join(', ')}]`,
      );
    return tf.tidy(() =>
      tf.div(tf.sub(tf.cast(pixels, 'float32'), tf.tensor1d([...mean])), tf.tensor1d([...std])),
    );
  }

  /** @param last What the last layer gives, `[batch, height, width, depth]`. */
  pool(last: tf.Tensor4D): Features {
    const grid = tf.reshape<tf.Rank.R3>(last, [last.shape[0], this.cells, this.depth]);
    return {grid, pooled: tf.mean<tf.Tensor2D>(grid, 1)};
  }

  dispose(): void {
    for (const weight of this.weights.values()) weight.dispose();
  }
}
