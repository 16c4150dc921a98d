/** Formats numbers, durations and columns for tables, progress lines and text alternatives of figures. */
import {shown} from '../terminal';

/** Formats a number with four significant digits and grouped thousands; integers in full. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value)) return value.toLocaleString('en-GB');
  if (size < 1e-4 || size >= 1e7) return value.toExponential(2).replace('e+', 'e');
  return size >= 1000
    ? value.toLocaleString('en-GB', {maximumFractionDigits: 0})
    : String(Number(value.toPrecision(4)));
}

/** Formats a duration: `9.5 s`, `42 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * Formats rows of cells as text in columns.
 *
 * @param right Whether to align each column to the right.
 */
export function columns(table: readonly (readonly string[])[], right: readonly boolean[] = []): string {
  const rows = table.map((row) => row.map(shown));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, [...cell].length)));
  const pad = (cell: string, at: number): string => {
    const space = ' '.repeat((widths[at] ?? 0) - [...cell].length);
    return right[at] ? space + cell : cell + space;
  };
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}
