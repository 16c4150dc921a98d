/**
 * Infidelity and sensitivity (Yeh et al. 2019, «On the (in)fidelity and sensitivity of explanations», arXiv 1901.09392), computed as Captum
 * computes them.
 */

/**
 * Computes the infidelity of a map: the mean squared difference between what it says that a perturbation changes, and what it does.
 *
 * @param said For each perturbation the sum of the map's values, times what was taken away.
 * @param found For each perturbation how much the score fell.
 * @param options.normalize Whether to scale the map first, so that the difference is as small as possible. @default false
 */
export function infidelity(
  said: ArrayLike<number>,
  found: ArrayLike<number>,
  {normalize = false}: {readonly normalize?: boolean} = {},
): number {
  const count = said.length;
  let [product, square] = [0, 0];
  for (let at = 0; at < count; at++) {
    product += said[at]! * found[at]!;
    square += said[at]! ** 2;
  }
  const scale = !normalize ? 1 : square > 0 ? product / square : 0;
  let sum = 0;
  for (let at = 0; at < count; at++) sum += (scale * said[at]! - found[at]!) ** 2;
  return sum / count;
}

/**
 * Computes the maximum sensitivity: how far the map moves, relative to its length, when the image changes a little.
 *
 * @param map The map of the image.
 * @param others Maps of images that differ little from it.
 */
export function maximumSensitivity(map: ArrayLike<number>, others: readonly ArrayLike<number>[]): number {
  const distance = (other: (at: number) => number): number => {
    let sum = 0;
    for (let at = 0; at < map.length; at++) sum += (other(at) - map[at]!) ** 2;
    return Math.sqrt(sum);
  };
  const length = distance(() => 0);
  return Math.max(...others.map((other) => distance((at) => other[at]!) / Math.max(length, 1e-30)));
}
