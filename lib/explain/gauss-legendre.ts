/** Gauss–Legendre quadrature: the points and weights that integrate polynomials exactly (Press et al. 2007, section 4.6). */

export interface Quadrature {
  /** Points between 0 and 1, ascending. */
  readonly points: readonly number[];
  /** Their weights, which sum to 1. */
  readonly weights: readonly number[];
}

/**
 * Returns the quadrature over [0, 1].
 *
 * @param count Number of points; polynomials of degree 2 · count - 1 are integrated exactly.
 */
export function gaussLegendre(count: number): Quadrature {
  const found = Array.from({length: count}, (_, at) => {
    // Newton's method finds each root of the Legendre polynomial from an approximation.
    let x = Math.cos((Math.PI * (at + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let round = 0; round < 100; round++) {
      const [value, derivative] = legendre(count, x);
      slope = derivative;
      x -= value / derivative;
      if (Math.abs(value / derivative) < 1e-15) break;
    }
    return {point: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope)};
  }).reverse();
  return {points: found.map(({point}) => point), weights: found.map(({weight}) => weight)};
}

/** Value and derivative of the Legendre polynomial of a degree. */
function legendre(degree: number, x: number): [value: number, derivative: number] {
  let [before, value] = [1, x];
  for (let k = 2; k <= degree; k++)
    [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return [value, (degree * (x * value - before)) / (x * x - 1)];
}
