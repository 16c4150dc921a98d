/**
 * A CNN whose last blocks learn along with the decoder. Batch norm is folded into its convolutions, so its statistics
 * are frozen for good: those of captioning batches would be others than those the network was trained with.
 */
import {createHash} from 'node:crypto';
import {CaptionerError} from '../errors';
import {float32, type TensorData} from '../files/safetensors';
import {tf} from '../tensorflow/tensorflow';
import {Cnn} from './cnn';
import type {Encoder, Features} from './encoder';
import {forward, weightShapes} from './forward';
import {depthOf, sidesOf, type Layer} from './layers';
import {takeTensor} from './take-tensor';

/** What was learnt, as a checkpoint keeps it. */
export interface FineTunedWeights {
  /** The first block that learns. */
  readonly from: string;
  readonly tensors: ReadonlyMap<string, TensorData>;
}

/** An encoder whose last blocks are trained with the decoder. */
export class FineTunedEncoder {
  /** The network with its weights as they are now. */
  readonly cnn: Cnn;
  /** Those that learn: `<layer>.weight` and `<layer>.bias`. */
  readonly weights: ReadonlyMap<string, tf.Variable>;
  readonly #frozen: readonly Layer[];
  readonly #learning: readonly Layer[];

  /**
   * @param base Its weights are shared; disposing this disposes them too.
   * @param tensors What was learnt before.
   * @throws CaptionerError `options` for an unknown block, or an encoder that is no CNN of ours; `weights`, `shape`, `dtype`.
   */
  constructor(
    base: Encoder,
    readonly from: string,
    tensors?: ReadonlyMap<string, TensorData>,
  ) {
    if (!(base instanceof Cnn))
      throw new CaptionerError('options', `Expected an encoder that can learn, got ${base.name}`);
    const blocks = [...new Set(base.layers.map(({block}) => block))];
    if (!blocks.includes(from))
      throw new CaptionerError(
        'options',
        `Unknown block "${from}" of ${base.name}; known: ${blocks.join(', ')}`,
      );
    const cut = base.layers.findIndex(({block}) => block === from);
    this.#frozen = base.layers.slice(0, cut);
    this.#learning = base.layers.slice(cut);
    const shapes = [...weightShapes(this.#learning)];
    const saved =
      tensors && shapes.map(([name, shape]) => takeTensor(tensors, name, shape, `${base.name}, tuned`));
    this.weights = new Map(
      shapes.map(([name, shape], at) => {
        const before = base.weights.get(name)!;
        const weight = tf.tidy(() => tf.variable(saved ? tf.tensor(saved[at]!, shape) : before.clone()));
        before.dispose();
        return [name, weight];
      }),
    );
    const digest = createHash('sha256').update(base.digest);
    for (const [name, {data}] of tensors ?? []) digest.update(name).update(data);
    this.cnn = base.withWeights(
      new Map([...base.weights, ...this.weights]),
      tensors ? digest.digest('hex') : base.digest,
    );
  }

  /** The part that does not learn, as an encoder: its grid is what `features` takes. It lives as long as this. */
  get frozen(): Encoder {
    const {name, digest, preprocessing, layers, weights} = this.cnn;
    const before = this.#frozen.at(-1)?.name;
    const side = before === undefined ? preprocessing.size : sidesOf(layers, preprocessing.size).get(before)!;
    const depth = before === undefined ? 3 : depthOf(this.#frozen);
    const [cells, frozen, cnn] = [side ** 2, this.#frozen, this.cnn];
    return {
      name: `${name}-before-${this.from}`,
      ...{digest, preprocessing, cells, depth, classes: 0},
      encode: (pixels) =>
        tf.tidy(() => {
          const x = cnn.normalise(pixels);
          const last = frozen.length === 0 ? x : forward(frozen, weights, x);
          const grid = tf.reshape<tf.Rank.R3>(last, [pixels.shape[0], cells, depth]);
          return {grid, pooled: tf.mean<tf.Tensor2D>(grid, 1)} satisfies Record<string, tf.Tensor>;
        }),
      classify: (pixels) => cnn.classify(pixels),
      dispose: () => undefined,
    };
  }

  /**
   * The part that learns, differentiable with respect to `weights`.
   *
   * @param grid Of the frozen part, `[batch, cells, depth]`.
   */
  features(grid: tf.Tensor3D): Features {
    const [batch, cells, depth] = grid.shape;
    const side = Math.sqrt(cells);
    const x = tf.reshape<tf.Rank.R4>(grid, [batch, side, side, depth]);
    return this.cnn.pool(forward(this.#learning, this.cnn.weights, x, {differentiable: true}));
  }

  /** What was learnt so far. */
  fineTunedWeights(): FineTunedWeights {
    const tensors = [...this.weights].map(([name, weight]): [string, TensorData] => {
      const numbers = weight.dataSync<'float32'>().slice();
      if (!numbers.every(Number.isFinite))
        throw new CaptionerError(
          'diverged',
          `${this.cnn.name}: expected finite weights, got others in "${name}"`,
        );
      return [name, float32(numbers, weight.shape)];
    });
    return {from: this.from, tensors: new Map(tensors)};
  }

  dispose(): void {
    this.cnn.dispose();
  }
}
