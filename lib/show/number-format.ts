/** Formats numbers for tables. */

/** Formats a p-value with three decimals; smaller ones as `< 0.001`. */
export function formatProbability(p: number): string {
  if (!Number.isFinite(p)) return String(p);
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
