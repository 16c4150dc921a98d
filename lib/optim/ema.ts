/**
 * Exponential moving average (EMA) of weights (Polyak and Juditsky 1992). Training continues with the raw weights; validation, captions
 * and checkpoints use the average.
 */
import {compiled} from '../tensorflow/compiled';
import {tf} from '../tensorflow/tensorflow';

export interface SwappedWeights {
  /** The raw weights by name, valid until `restore` is called. */
  readonly raw: ReadonlyMap<string, tf.Tensor>;
  /** Puts the raw weights back. Call it once. */
  readonly restore: () => void;
}

export class Ema {
  readonly #means: Map<string, tf.Tensor>;
  readonly #compiled = compiled(
    (means: readonly tf.Tensor[], shares: tf.Tensor1D) => this.#average(means, shares),
    {name: 'ema'},
  );

  /** @param weights Weights by name; the average starts from their values. The caller keeps them. */
  constructor(private readonly weights: ReadonlyMap<string, tf.Variable>) {
    this.#means = new Map([...weights].map(([name, weight]) => [name, tf.keep(tf.clone(weight))]));
  }

  /**
   * Updates the average after a step.
   *
   * @param decay EMA decay, from 0 to less than 1. Early steps use at most `(1 + step) / (10 + step)`, so that the average soon forgets
   *   the initial weights.
   * @param step Number of the step, from 0.
   */
  update(decay: number, step: number): void {
    const kept = Math.min(decay, (1 + step) / (10 + step));
    const shares = tf.tensor1d([kept, 1 - kept]);
    const means = this.#compiled([...this.#means.values()], shares);
    shares.dispose();
    for (const [at, name] of [...this.#means.keys()].entries()) {
      this.#means.get(name)!.dispose();
      this.#means.set(name, tf.keep(means[at]!));
    }
  }

  #average(means: readonly tf.Tensor[], shares: tf.Tensor1D): tf.Tensor[] {
    return tf.tidy(() => {
      const [kept, added] = tf.unstack(shares) as [tf.Tensor, tf.Tensor];
      return [...this.weights.values()].map((weight, at) =>
        tf.add(tf.mul(means[at]!, kept), tf.mul(weight, added)),
      );
    });
  }

  /**
   * Sets the weights to their average until `restore` is called.
   */
  swapIn(): SwappedWeights {
    const raw = new Map([...this.weights].map(([name, weight]) => [name, tf.keep(tf.clone(weight))]));
    this.#assign(this.#means);
    const restore = (): void => {
      this.#assign(raw);
      tf.dispose([...raw.values()]);
    };
    return {raw, restore};
  }

  #assign(values: ReadonlyMap<string, tf.Tensor>): void {
    for (const [name, weight] of this.weights) tf.tidy(() => weight.assign(tf.clone(values.get(name)!)));
  }

  dispose(): void {
    this.#compiled.dispose();
    tf.dispose([...this.#means.values()]);
    this.#means.clear();
  }
}

const prefix = 'raw.';

/** Returns the raw weights, which a checkpoint keeps beside their average so that training can resume. Empty without an average. */
export function rawWeights(swapped: SwappedWeights | undefined): Map<string, Float32Array> {
  const raw = [...(swapped?.raw ?? [])];
  return new Map(raw.map(([name, weight]) => [`${prefix}${name}`, weight.dataSync<'float32'>().slice()]));
}

/**
 * Restores an average from a checkpoint.
 *
 * @param state Optimizer state with the entries of `rawWeights`, which are removed from it.
 * @param weights Weights set to their average; they become the raw weights.
 * @returns undefined if the checkpoint has no average.
 */
export function restoreEma(
  state: Map<string, Float32Array>,
  weights: ReadonlyMap<string, tf.Variable>,
): Ema | undefined {
  const raw = new Map(
    [...weights].flatMap(([name, weight]) => {
      const numbers = state.get(`${prefix}${name}`);
      state.delete(`${prefix}${name}`);
      return numbers?.length === weight.size ? [[weight, numbers] as const] : [];
    }),
  );
  if (raw.size < weights.size) return undefined;
  const average = new Ema(weights);
  for (const [weight, numbers] of raw) tf.tidy(() => weight.assign(tf.tensor(numbers, weight.shape)));
  return average;
}
