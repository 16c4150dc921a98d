/** Weighted linear regression, the interpretable model of LIME and kernel SHAP: least squares, or the lasso. */

/** Samples of a function. */
export interface Samples {
  /** Inputs, `[samples, features]`, row by row. */
  readonly x: Float32Array;
  readonly features: number;
  /** Weight of each sample. */
  readonly weights: Float64Array;
}

/** Samples with their weighted mean taken away, and their weighted covariance: all targets share it. */
export class LinearFit {
  readonly #samples: Samples;
  readonly #total: number;
  readonly #mean: Float64Array;
  /** Weighted covariance, `[features, features]`. */
  readonly #covariance: Float64Array;

  constructor(samples: Samples) {
    const {x, features, weights} = samples;
    this.#samples = samples;
    this.#total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#mean = new Float64Array(features);
    this.#covariance = new Float64Array(features * features);
    for (const [row, weight] of weights.entries())
      for (let k = 0; k < features; k++) this.#mean[k]! += (weight / this.#total) * x[row * features + k]!;
    for (const [row, weight] of weights.entries())
      for (let j = 0; j < features; j++) {
        const centred = (weight / this.#total) * (x[row * features + j]! - this.#mean[j]!);
        if (centred === 0) continue;
        for (let k = 0; k < features; k++)
          this.#covariance[j * features + k]! += centred * (x[row * features + k]! - this.#mean[k]!);
      }
  }

  /** Fits least squares with an intercept; of several solutions nearly the shortest. @param y `[samples]` @returns `[features]` */
  leastSquares(y: ArrayLike<number>): Float64Array {
    const {features} = this.#samples;
    const matrix = Float64Array.from(this.#covariance);
    const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Too small to change a solution that the samples determine.
    for (let k = 0; k < features; k++) matrix[k * features + k]! += 1e-12 * largest + Number.MIN_VALUE;
    return solved(matrix, this.#products(y), features);
  }

  /**
   * Fits the lasso with an intercept, by coordinate descent: minimises half the mean squared error plus `alpha` times the sum of absolute
   * coefficients, as scikit-learn.
   */
  lasso(y: ArrayLike<number>, alpha: number): Float64Array {
    const {features} = this.#samples;
    const products = this.#products(y);
    const found = new Float64Array(features);
    for (let iteration = 0; iteration < 10_000; iteration++) {
      let [change, largest] = [0, 0];
      for (let k = 0; k < features; k++) {
        const own = this.#covariance[k * features + k]!;
        if (own === 0) continue;
        let rest = products[k]! + own * found[k]!;
        for (let j = 0; j < features; j++) rest -= this.#covariance[k * features + j]! * found[j]!;
        const next = (Math.sign(rest) * Math.max(0, Math.abs(rest) - alpha)) / own;
        change = Math.max(change, Math.abs(next - found[k]!));
        largest = Math.max(largest, Math.abs(next));
        found[k] = next;
      }
      if (change <= 1e-9 * largest) break;
    }
    return found;
  }

  /** Returns the weighted covariance of the features with a target. */
  #products(y: ArrayLike<number>): Float64Array {
    const {x, features, weights} = this.#samples;
    let mean = 0;
    for (const [row, weight] of weights.entries()) mean += (weight / this.#total) * y[row]!;
    const products = new Float64Array(features);
    for (const [row, weight] of weights.entries())
      for (let k = 0; k < features; k++)
        products[k]! += (weight / this.#total) * (x[row * features + k]! - this.#mean[k]!) * (y[row]! - mean);
    return products;
  }
}

/** Solves a symmetric positive definite system by Cholesky decomposition, which overwrites the matrix. */
function solved(matrix: Float64Array, right: Float64Array, size: number): Float64Array {
  for (let j = 0; j < size; j++)
    for (let i = j; i < size; i++) {
      let value = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) value -= matrix[i * size + k]! * matrix[j * size + k]!;
      const diagonal = i === j ? Math.sqrt(Math.max(value, Number.MIN_VALUE)) : matrix[j * size + j]!;
      matrix[i * size + j] = i === j ? diagonal : value / diagonal;
    }
  const found = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) found[i]! -= matrix[i * size + k]! * found[k]!;
    found[i]! /= matrix[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) found[i]! -= matrix[k * size + i]! * found[k]!;
    found[i]! /= matrix[i * size + i]!;
  }
  return found;
}
