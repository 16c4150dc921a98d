/** A pretrained CNN as an encoder: an architecture together with its weights. */
import {countNumbers, counted, description, grouped, setDescription} from '../description';
import {CaptionerError} from '../errors';
import {takeTensor} from '../files/safetensors';
import {disposeFunctions, functionOf} from '../tensorflow/compiled';
import {tf} from '../tensorflow/tensorflow';
import {classCount, type Architecture} from './architecture';
import type {Encoder, Features, Preprocessing} from './encoder';
import {forward, weightShapes, type Weights} from './forward';
import {depthOf, sectionsOf, sidesOf, type Layer} from './layers';
import type {WeightFile} from './weights';

export class Cnn implements Encoder {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly cells: number;
  readonly depth: number;
  readonly classes: number;
  readonly digest: string;
  #sections: Layer[][] | undefined;

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
   * Creates the network from weights.
   *
   * @param where The weight file, for messages.
   * @throws CaptionerError `options` when images are too small; `weights`, `shape`, `dtype` when the weights don't fit the architecture.
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
        `${name}: expected larger images, got ${preprocessing.size} pixels, which leaves its last layers without input`,
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

  /** Returns the same network with other weights, which it takes over and disposes. */
  withWeights(weights: Weights, digest: string): Cnn {
    return new Cnn(this.architecture, this.preprocessing, weights, digest);
  }

  encode(pixels: tf.Tensor4D): Features {
    const encode = (pixels: tf.Tensor4D): Features =>
      tf.tidy(() => ({...this.pool(forward(this.layers, this.weights, this.normalize(pixels)))}));
    return functionOf(this, 'encode', encode)(pixels);
  }

  *encodeSteps(pixels: tf.Tensor4D): Generator<void, Features, void> {
    let map = this.normalize(pixels);
    try {
      for (const [at, section] of (this.#sections ??= sectionsOf(this.layers)).entries()) {
        yield;
        const run = (map: tf.Tensor4D): tf.Tensor4D => forward(section, this.weights, map);
        const next = functionOf(this, `section ${at}`, run)(map);
        map.dispose();
        map = next;
      }
      return this.pool(map);
    } finally {
      map.dispose();
    }
  }

  classify(pixels: tf.Tensor4D): tf.Tensor2D {
    if (this.classes === 0)
      throw new CaptionerError(
        'weights',
        `${this.name}: expected weights with the classifier (1000 classes), got weights without it`,
      );
    return tf.tidy(() => {
      const {pooled} = this.encode(pixels);
      const logits = tf.matMul(pooled, this.weights.get('classes.weight') as tf.Tensor2D, false, true);
      return tf.add(logits, this.weights.get('classes.bias')!);
    });
  }

  /**
   * Normalizes pixels with the preprocessing's mean and standard deviation.
   *
   * @param pixels As in `encode`.
   * @returns The input of the first layer, `[batch, size, size, 3]`, float32.
   * @throws CaptionerError `shape`
   */
  normalize(pixels: tf.Tensor4D): tf.Tensor4D {
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

  /**
   * Flattens a feature map to a grid of cells and averages it.
   *
   * @param map The feature map of the last layer, `[batch, height, width, depth]`; not disposed.
   */
  pool(map: tf.Tensor4D): Features {
    const grid = tf.reshape<tf.Rank.R3>(map, [map.shape[0], this.cells, this.depth]);
    return {grid, pooled: tf.mean<tf.Tensor2D>(grid, 1)};
  }

  dispose(): void {
    disposeFunctions(this);
    for (const weight of this.weights.values()) weight.dispose();
  }
}

setDescription(Cnn.prototype, ({name, weights, preprocessing, cells, depth, classes}) =>
  description(`${name} encoder of ${counted(countNumbers(weights.values()), 'weight')}`, {
    reads: `images of ${preprocessing.size} × ${preprocessing.size} pixels (${preprocessing.fit})`,
    gives: `${grouped(cells)} cells of depth ${grouped(depth)}, and their mean`,
    classes: classes > 0 && grouped(classes),
  }),
);
