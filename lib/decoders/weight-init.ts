/** Weight initialisation of decoders, and what they share in preparing image features. */
import {tf} from '../tensorflow/tensorflow';
import {embed} from '../ops/embedding';
import {uniform} from '../ops/random';
import {mix} from '../random/random';

/** A weight that is not allocated yet. */
interface PlannedWeight {
  readonly shape: readonly number[];
  readonly create: () => tf.Variable;
}

/**
 * Plans initial weights by name, in the order of the calls. A weight's values depend only on the seed, its position and its shape. Nothing
 * is allocated before `create`, so that the shapes can be compared with a file or with the memory first.
 */
export class WeightInit {
  readonly #planned = new Map<string, PlannedWeight>();

  constructor(private readonly seed: number) {}

  /** Shapes by name. */
  get shapes(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.#planned].map(([name, {shape}]) => [name, shape]));
  }

  /** Allocates the weights; the caller disposes them. */
  create(): ReadonlyMap<string, tf.Variable> {
    const created = new Map<string, tf.Variable>();
    try {
      for (const [name, {create}] of this.#planned) created.set(name, create());
      return created;
    } catch (error) {
      for (const weight of created.values()) weight.dispose();
      throw error;
    }
  }

  /** Adds a matrix `[rows, columns]` with Glorot uniform values (Glorot and Bengio 2010, equation 16). */
  matrix(name: string, rows: number, columns: number): this {
    return this.uniform(name, [rows, columns], Math.sqrt(6 / (rows + columns)));
  }

  /** Adds a tensor with values uniform in [-limit, limit). */
  uniform(name: string, shape: readonly number[], limit: number): this {
    const position = this.#planned.size;
    return this.#add(name, shape, () =>
      tf.tidy(() =>
        tf.variable(
          uniform(shape, [mix(this.seed, position), position])
            .mul(2 * limit)
            .sub(limit),
        ),
      ),
    );
  }

  ones(name: string, size: number): this {
    return this.#add(name, [size], () => tf.tidy(() => tf.variable(tf.ones([size]))));
  }

  zeros(name: string, size: number): this {
    return this.#add(name, [size], () => tf.tidy(() => tf.variable(tf.zeros([size]))));
  }

  /** Adds the gate biases of an LSTM: 1 for the forget gate (Jozefowicz et al. 2015), else 0. */
  gates(name: string, units: number): this {
    return this.#add(name, [4 * units], () => {
      const gates = new Float32Array(4 * units).fill(1, 2 * units, 3 * units);
      return tf.tidy(() => tf.variable(tf.tensor1d(gates)));
    });
  }

  #add(name: string, shape: readonly number[], create: () => tf.Variable): this {
    this.#planned.set(name, {shape, create});
    return this;
  }
}

/** Names of the normalization statistics. */
export const normalizationNames = ['features.mean', 'features.std'] as const;

/**
 * Creates the identity normalization (mean 0, standard deviation 1), which is fitted before training, see
 * `Decoder.featureNormalization`. CNN features are small and mostly zero; standardised, they have the scale of word embeddings from the
 * first step on.
 */
export function initialNormalization(depth: number): ReadonlyMap<string, tf.Variable> {
  return new Map([
    [normalizationNames[0], tf.tidy(() => tf.variable(tf.zeros([depth]), false))],
    [normalizationNames[1], tf.tidy(() => tf.variable(tf.ones([depth]), false))],
  ]);
}

/**
 * Standardises image features, `(features - mean) / std`.
 *
 * @param features `[…, depth]`
 * @param normalization As `initialNormalization` returns it.
 */
export function standardize<T extends tf.Tensor>(
  features: T,
  normalization: ReadonlyMap<string, tf.Variable>,
): T {
  const centred = tf.sub(features, normalization.get('features.mean')!);
  return tf.div(centred, normalization.get('features.std')!);
}

/** Gathers a row for each caption from a tensor with a row for each image. Without `images`, rows correspond already. */
export function gatherImages<T extends tf.Tensor>(x: T, images: tf.Tensor1D | undefined): T {
  return images ? (embed(x, images) as T) : x;
}
