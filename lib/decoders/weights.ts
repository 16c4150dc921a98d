/** First values of a decoder's weights: the same seed gives the same ones, whatever else the decoder has. */
import {tf} from '../runtime/native';
import {mix, uniform} from '../runtime/random';

/** Weights by name, in the order in which they are added. */
export class WeightTable {
  readonly all: Map<string, tf.Variable> = new Map();

  constructor(private readonly seed: number) {}

  /** Uniform within the limits of Glorot and Bengio 2010, for `[inputs, outputs]` that is multiplied. */
  matrix(name: string, rows: number, columns: number): this {
    return this.uniform(name, [rows, columns], Math.sqrt(6 / (rows + columns)));
  }

  /** Uniform between -limit and limit. */
  uniform(name: string, shape: readonly number[], limit: number): this {
    const place = this.all.size;
    return this.#add(
      name,
      tf.tidy(() =>
        tf.variable(
          uniform(shape, [mix(this.seed, place), place])
            .mul(2 * limit)
            .sub(limit),
        ),
      ),
    );
  }

  ones(name: string, size: number): this {
    return this.#add(
      name,
      tf.tidy(() => tf.variable(tf.ones([size]))),
    );
  }

  zeros(name: string, size: number): this {
    return this.#add(
      name,
      tf.tidy(() => tf.variable(tf.zeros([size]))),
    );
  }

  /** Biases of an LSTM's gates: the forget gate begins open (Jozefowicz et al. 2015). */
  gates(name: string, units: number): this {
    const gates = new Float32Array(4 * units).fill(1, 2 * units, 3 * units);
    return this.#add(
      name,
      tf.tidy(() => tf.variable(tf.tensor1d(gates))),
    );
  }

  #add(name: string, weight: tf.Variable): this {
    this.all.set(name, weight);
    return this;
  }
}

/**
 * What image features are standardised with: those of a CNN are small and mostly zero; standardised, the image is as loud as
 * a word from the first step on. Measured before training, see `Decoder.constants`.
 */
export function featureConstants(depth: number): ReadonlyMap<string, tf.Variable> {
  return new Map([
    ['features.mean', tf.tidy(() => tf.variable(tf.zeros([depth]), false))],
    ['features.deviation', tf.tidy(() => tf.variable(tf.ones([depth]), false))],
  ]);
}

/** @param constants As `featureConstants` makes them. */
export function standardize<T extends tf.Tensor>(
  features: T,
  constants: ReadonlyMap<string, tf.Variable>,
): T {
  const centred = tf.sub(features, constants.get('features.mean')!);
  return tf.div(centred, constants.get('features.deviation')!);
}

/** Of what was computed of pictures, a row for each caption: its picture's. */
export function forCaptions<T extends tf.Tensor>(x: T, pictures: tf.Tensor1D | undefined): T {
  return pictures ? tf.gather(x, pictures) : x;
}
