/** Values out of files and options, as messages quote them. */

/** Characters of a quoted value. */
const longest = 80;

/** Returns a value as JSON, shortened to 80 characters. Never throws, whatever the value is. */
export function quoteValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON has no NaN, no infinity and no large integers; of functions and symbols it makes nothing.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = inJson(value) ?? typeof value;
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

function inJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // It holds itself, large integers, or lists within lists beyond the stack.
    return Array.isArray(value) ? 'a list without a text' : 'an object without a text';
  }
}
