/** Formats the numbers of a column alike: the same number of decimals for all, so that they can be compared by eye. */
import {metricNames} from '../metric-names';
import {formatNumber} from './text';

const scores: ReadonlySet<string> = new Set([...metricNames, 'factual', 'score', 'low', 'high']);

/** Returns a function that formats the numbers of a column. @param name Name of the column: `p`, `seconds` and scores have formats of their own. */
export function columnFormat(name: string, values: readonly number[]): (value: number) => string {
  if (/^p(-value)?$/i.test(name)) return formatProbability;
  const finite = values.filter(Number.isFinite);
  if (finite.every(Number.isInteger)) return formatNumber;
  const largest = Math.max(...finite.map(Math.abs));
  // A score next to nothing is 0 to every reader.
  if (scores.has(name) && largest < 1e-2) return unlessSpecial((value) => value.toFixed(4));
  if (largest >= 1e7 || largest < 1e-4)
    return unlessSpecial((value) => value.toExponential(2).replace('e+', 'e'));
  const most = /(^|\s)seconds$/.test(name) ? 1 : decimalsFor(largest);
  // Zeros that all numbers of the column end in say nothing.
  const decimals = Math.max(...finite.map((value) => neededDecimals(value, most)));
  return unlessSpecial((value) =>
    value.toLocaleString('en-GB', {minimumFractionDigits: decimals, maximumFractionDigits: decimals}),
  );
}

/** Formats a p-value with three decimals; smaller ones as `< 0.001`. */
export function formatProbability(p: number): string {
  if (!Number.isFinite(p)) return String(p);
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** Formats a probability in percent: `93 %`. */
export function percent(probability: number): string {
  if (probability > 0 && probability < 0.01) return '< 1 %';
  return `${Math.round(100 * probability)} %`;
}

/** Formats the end of a range with two digits; next to nothing, compared with the range, is 0. */
export function shortNumber(value: number, range: number): string {
  return Math.abs(value) < 0.001 * Math.abs(range) ? '0' : formatNumber(Number(value.toPrecision(2)));
}

/** Scores, losses and probabilities have four decimals; larger numbers fewer, and small ones, such as learning rates, more. */
function decimalsFor(largest: number): number {
  if (largest >= 1e5) return 0;
  if (largest >= 100) return 1;
  if (largest >= 10) return 2;
  return largest >= 0.01 ? 4 : 2 - Math.floor(Math.log10(largest));
}

function neededDecimals(value: number, most: number): number {
  return (
    value
      .toFixed(most)
      .replace(/\.?0+$/, '')
      .split('.')[1]?.length ?? 0
  );
}

function unlessSpecial(format: (value: number) => string): (value: number) => string {
  // A minus sign, which is as wide as a digit; a hyphen is not.
  return (value) => (Number.isFinite(value) ? format(value).replace(/^-/, '−') : String(value));
}
