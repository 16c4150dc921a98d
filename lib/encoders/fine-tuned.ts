/**
 * A CNN whose last blocks are trained along with the decoder. Batch norm is folded into the convolutions, so its statistics stay
 * frozen: statistics of captioning batches would differ from those of pretraining.
 */
import {createHash} from 'node:crypto';
import {CaptionerError} from '../errors';
import {float32, takeTensor, type TensorData} from '../files/safetensors';
import {disposeFunctions, functionOf} from '../tensorflow/compiled';
import {tf} from '../tensorflow/tensorflow';
import {Cnn} from './cnn';
import type {Encoder, Features} from './encoder';
import {forward, weightShapes} from './forward';
import {depthOf, sidesOf, type Layer} from './layers';

/** The fine-tuned weights, as a checkpoint stores them. */
export interface FineTunedWeights {
  /** First trainable block. */
  readonly from: string;
  readonly tensors: ReadonlyMap<string, TensorData>;
}

/** An encoder whose last blocks are trained with the decoder. */
export class FineTunedEncoder {
  /** The network with its current weights. */
  readonly cnn: Cnn;
  /** The trainable weights: `<layer>.weight` and `<layer>.bias`. */
  readonly weights: ReadonlyMap<string, tf.Variable>;
  readonly #frozen: readonly Layer[];
  readonly #trainable: readonly Layer[];

  /**
   * @param base The pretrained CNN. Its weights are taken over: the trainable ones become variables, and `dispose` frees all of them.
   * @param from First trainable block.
   * @param tensors Weights of an earlier fine-tuning to start from.
   * @throws CaptionerError `options` for an unknown block or an encoder that isn't a `Cnn`; `weights`, `shape`, `dtype`.
   */
  constructor(
    base: Encoder,
    readonly from: string,
    tensors?: ReadonlyMap<string, TensorData>,
  ) {
    if (!(base instanceof Cnn))
      throw new CaptionerError('options', `Expected an encoder that can be fine-tuned, got ${base.name}`);
    const blocks = [...new Set(base.layers.map(({block}) => block))];
    if (!blocks.includes(from))
      throw new CaptionerError(
        'options',
        `Unknown block "${from}" of ${base.name}; known: ${blocks.join(', ')}`,
      );
    const cut = base.layers.findIndex(({block}) => block === from);
    this.#frozen = base.layers.slice(0, cut);
    this.#trainable = base.layers.slice(cut);
    const shapes = [...weightShapes(this.#trainable)];
    const saved =
      tensors && shapes.map(([name, shape]) => takeTensor(tensors, name, shape, `${base.name}, fine-tuned`));
    this.weights = new Map(
      shapes.map(([name, shape], at) => {
        const pretrained = base.weights.get(name)!;
        const weight = tf.tidy(() => tf.variable(saved ? tf.tensor(saved[at]!, shape) : pretrained.clone()));
        pretrained.dispose();
        return [name, weight];
      }),
    );
    disposeFunctions(base); // its functions hold weights that are gone
    const digest = createHash('sha256').update(base.digest);
    for (const [name, {data}] of tensors ?? []) digest.update(name).update(data);
    this.cnn = base.withWeights(
      new Map([...base.weights, ...this.weights]),
      tensors ? digest.digest('hex') : base.digest,
    );
  }

  /** The frozen blocks as an encoder; its grid is the input of `features`. Valid until this object is disposed. */
  get frozen(): Encoder {
    const {name, digest, preprocessing, layers, weights} = this.cnn;
    const last = this.#frozen.at(-1)?.name;
    const side = last === undefined ? preprocessing.size : sidesOf(layers, preprocessing.size).get(last)!;
    const depth = last === undefined ? 3 : depthOf(this.#frozen);
    const [cells, frozen, cnn] = [side ** 2, this.#frozen, this.cnn];
    const encode = (pixels: tf.Tensor4D): Features =>
      tf.tidy(() => {
        const x = cnn.normalize(pixels);
        const map = frozen.length === 0 ? x : forward(frozen, weights, x);
        const grid = tf.reshape<tf.Rank.R3>(map, [pixels.shape[0], cells, depth]);
        return {grid, pooled: tf.mean<tf.Tensor2D>(grid, 1)} satisfies Record<string, tf.Tensor>;
      });
    return {
      name: `${name}-before-${this.from}`,
      ...{digest, preprocessing, cells, depth, classes: 0},
      encode: functionOf(this, 'frozen', encode),
      classify: (pixels) => cnn.classify(pixels),
      dispose: () => undefined,
    };
  }

  /**
   * Runs the trainable blocks, differentiable with respect to `weights`.
   *
   * @param grid Output grid of `frozen`, `[batch, cells, depth]`.
   * @returns The caller disposes both.
   */
  features(grid: tf.Tensor3D): Features {
    const compute = (grid: tf.Tensor3D): Features =>
      tf.tidy(() => {
        const [batch, cells, depth] = grid.shape;
        const side = Math.sqrt(cells);
        const x = tf.reshape<tf.Rank.R4>(grid, [batch, side, side, depth]);
        return {...this.cnn.pool(forward(this.#trainable, this.cnn.weights, x, {differentiable: true}))};
      });
    return functionOf(this, 'trainable', compute)(grid);
  }

  /**
   * Copies the current trainable weights.
   *
   * @throws CaptionerError `diverged` when a weight isn't finite.
   */
  fineTunedWeights(): FineTunedWeights {
    const tensors = [...this.weights].map(([name, weight]): [string, TensorData] => {
      const numbers = weight.dataSync<'float32'>().slice();
      if (!numbers.every(Number.isFinite))
        throw new CaptionerError(
          'diverged',
          `${this.cnn.name}: expected finite weights, got NaN or infinity in "${name}"`,
        );
      return [name, float32(numbers, weight.shape)];
    });
    return {from: this.from, tensors: new Map(tensors)};
  }

  dispose(): void {
    disposeFunctions(this);
    this.cnn.dispose();
  }
}
