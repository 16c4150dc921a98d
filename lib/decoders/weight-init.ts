/** First values of a decoder's weights: the same seed gives the same ones, whatever else the decoder has. */
import {tf} from '../tensorflow/tensorflow';
import {uniform} from '../ops/random';
import {mix} from '../random/random';

/** Weights by name, in the order in which they are added. */
export class WeightInit {
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
 * a word from the first step on. Measured before training, see `Decoder.featureNormalization`.
 */
export function initialNormalization(depth: number): ReadonlyMap<string, tf.Variable> {
  return new Map([
    ['features.mean', tf.tidy(() => tf.variable(tf.zeros([depth]), false))],
    ['features.std', tf.tidy(() => tf.variable(tf.ones([depth]), false))],
  ]);
}

/** @param normalization As `featureConstants` makes them. */
export function standardize<T extends tf.Tensor>(
  features: T,
  normalization: ReadonlyMap<string, tf.Variable>,
): T {
  const centred = tf.sub(features, normalization.get('features.mean')!);
  return tf.div(centred, normalization.get('features.std')!);
}

/** Of what was computed of images, a row for each caption: its image's. */
export function forCaptions<T extends tf.Tensor>(x: T, images: tf.Tensor1D | undefined): T {
  return images ? tf.gather(x, images) : x;
}
