/**
 * The moving average of weights over the last steps: it is calmer than the weights themselves and most often better (Polyak and Juditsky
 * 1992). Training goes on with the weights; what is judged, shown and saved is their average.
 */
import {tf} from '../tensorflow/tensorflow';

export interface SwappedWeights {
  readonly own: ReadonlyMap<string, tf.Tensor>;
  readonly restore: () => void;
}

export class Ema {
  readonly #means: Map<string, tf.Tensor>;

  /** @param weights They stay the caller's. The average begins with what they are. */
  constructor(private readonly weights: ReadonlyMap<string, tf.Variable>) {
    this.#means = new Map([...weights].map(([name, weight]) => [name, tf.keep(tf.clone(weight))]));
  }

  /**
   * After a step.
   *
   * @param decay What the average keeps of itself; fewer of the first steps count, since it would else remember the beginning for long.
   * @param step From 0.
   */
  update(decay: number, step: number): void {
    const kept = Math.min(decay, (1 + step) / (10 + step));
    for (const [name, weight] of this.weights) {
      const before = this.#means.get(name)!;
      const mean = tf.tidy(() => tf.add(tf.mul(before, kept), tf.mul(weight, 1 - kept)));
      this.#means.set(name, tf.keep(mean));
      before.dispose();
    }
  }

  /**
   * Has the weights be their average until `restore` is called, once.
   *
   * @returns `own`: what they are else, by their names, for as long.
   */
  swapIn(): SwappedWeights {
    const own = new Map([...this.weights].map(([name, weight]) => [name, tf.keep(tf.clone(weight))]));
    this.#assign(this.#means);
    const restore = (): void => {
      this.#assign(own);
      tf.dispose([...own.values()]);
    };
    return {own, restore};
  }

  #assign(values: ReadonlyMap<string, tf.Tensor>): void {
    for (const [name, weight] of this.weights) tf.tidy(() => weight.assign(tf.clone(values.get(name)!)));
  }

  dispose(): void {
    tf.dispose([...this.#means.values()]);
    this.#means.clear();
  }
}

const prefix = 'raw.';

/** The weights themselves, as a checkpoint keeps them beside their average, so that training can go on from them. */
export function ownWeights(shown: SwappedWeights | undefined): Map<string, Float32Array> {
  const own = [...(shown?.own ?? [])];
  return new Map(own.map(([name, weight]) => [`${prefix}${name}`, weight.dataSync<'float32'>().slice()]));
}

/**
 * Goes on from what `ownWeights` gave, with weights that are their average.
 *
 * @param state Of the optimizer; what is not its own is taken out.
 * @returns Absent where the checkpoint had no average.
 */
export function restoreAverage(
  state: Map<string, Float32Array>,
  weights: ReadonlyMap<string, tf.Variable>,
): Ema | undefined {
  const own = new Map(
    [...weights].flatMap(([name, weight]) => {
      const numbers = state.get(`${prefix}${name}`);
      state.delete(`${prefix}${name}`);
      return numbers?.length === weight.size ? [[weight, numbers] as const] : [];
    }),
  );
  if (own.size < weights.size) return undefined;
  const average = new Ema(weights);
  for (const [weight, numbers] of own) tf.tidy(() => weight.assign(tf.tensor(numbers, weight.shape)));
  return average;
}
