/** Ranges and ticks of axes, for charts as SVG. */

/** A range of values. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Returns the range of finite values; a range around it where all are equal, and 0 to 1 where there are none. */
export function rangeOf(values: Iterable<number>): Range {
  let [from, to] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    from = Math.min(from, value);
    to = Math.max(to, value);
  }
  if (from > to) return {from: 0, to: 1};
  if (from < to) return {from, to};
  return from > 0 ? {from: 0, to: 1.25 * to} : {from: from - 1, to: to + 1};
}

/** Returns a range that is wider by a fraction at both ends. */
export function padded({from, to}: Range, fraction: number): Range {
  const space = fraction * (to - from);
  return {from: from - space, to: to + space};
}

/**
 * Returns round values in a range: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param count Number of ticks to aim at.
 * @param whole Whether only integers make sense, as for epochs.
 */
export function ticksIn({from, to}: Range, count: number, whole: boolean = false): number[] {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  return multiplesIn({from, to}, whole ? Math.max(1, step) : step);
}

/** Returns the multiples of a step in a range. */
export function multiplesIn({from, to}: Range, step: number): number[] {
  const slack = 1e-9 * Math.max(1, Math.abs(from / step), Math.abs(to / step));
  const first = Math.ceil(from / step - slack);
  const last = Math.floor(to / step + slack);
  return Array.from({length: Math.max(0, last - first + 1)}, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

/** Returns a range around the values and round tick values in it. */
export function axis(
  values: readonly number[],
  withSpace: boolean,
  count: number = 6,
): Range & {readonly ticks: number[]} {
  const range = padded(rangeOf(values), withSpace ? 0.05 : 0);
  return {...range, ticks: ticksIn(range, count)};
}

/** Rounds a coordinate to a tenth of a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
