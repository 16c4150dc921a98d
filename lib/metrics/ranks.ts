/** Statistics of ranks: correlation, and how well a number tells two groups apart. */

/** Returns the rank of each value, from 1; equal values share their mean rank. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({length: values.length}, (_, at) => at).sort(
    (a, b) => values[a]! - values[b]!,
  );
  const found = new Float64Array(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let at = start; at < end; at++) found[order[at]!] = (start + 1 + end) / 2;
  }
  return found;
}

/** Computes Spearman's rank correlation; NaN if one side has no different values. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return pearson(ranks(a), ranks(b));
}

/** Computes Pearson's correlation; NaN if one side has no different values. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const count = a.length;
  let [meanA, meanB] = [0, 0];
  for (let at = 0; at < count; at++) {
    meanA += a[at]! / count;
    meanB += b[at]! / count;
  }
  let [product, squareA, squareB] = [0, 0, 0];
  for (let at = 0; at < count; at++) {
    const [x, y] = [a[at]! - meanA, b[at]! - meanB];
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return product / Math.sqrt(squareA * squareB);
}

/**
 * Computes the area under the ROC curve: the probability that a value of the first group is higher than one of the second, equal values
 * counting half. NaN if a group is empty.
 */
export function areaUnderCurve(higher: ArrayLike<number>, lower: ArrayLike<number>): number {
  const all = ranks([...Array.from(higher), ...Array.from(lower)]);
  let sum = 0;
  for (let at = 0; at < higher.length; at++) sum += all[at]!;
  return (sum - (higher.length * (higher.length + 1)) / 2) / (higher.length * lower.length);
}
