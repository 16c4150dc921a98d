/**
 * A CNN whose last blocks learn along with the decoder. Batch norm is folded into its convolutions, so its statistics
 * are frozen for good: those of captioning batches would be others than those the network was trained with.
 */
import {createHash} from 'node:crypto';
import {CaptionerError} from '../errors';
import {float32, type TensorData} from '../files/safetensors';
import {tf} from '../runtime/native';
import {Cnn} from './cnn';
import type {Encoder, Features} from './encoder';
import {forward, weightShapes} from './forward';
import type {Layer} from './layers';
import {takeTensor} from './take-tensor';

/** What was learnt, as a checkpoint keeps it. */
export interface Tuning {
  /** The first block that learns. */
  readonly from: string;
  readonly tensors: ReadonlyMap<string, TensorData>;
}

export class TunedEncoder {
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

  /**
   * The part that does not learn.
   *
   * @param pixels `[batch, size, size, 3]`, 0 to 255.
   * @returns What `features` takes. The caller disposes it.
   */
  prepare(pixels: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const x = this.cnn.normalise(pixels);
      return this.#frozen.length === 0 ? x : forward(this.#frozen, this.cnn.weights, x);
    });
  }

  /** The part that learns, differentiable with respect to `weights`. */
  features(prepared: tf.Tensor4D): Features {
    return this.cnn.pool(forward(this.#learning, this.cnn.weights, prepared, {differentiable: true}));
  }

  /** What was learnt so far. */
  tuning(): Tuning {
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
