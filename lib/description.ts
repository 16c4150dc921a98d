/**
 * Descriptions of objects in a few lines. Consoles and notebooks print them in place of an object's contents, such as pages of tensors: a
 * cell that ends in `decoder` then says what the decoder is.
 */
import {inspect} from 'node:util';

/**
 * Makes consoles and notebooks print a description of an object, or of all instances of a class when given its prototype. The object's
 * own properties, copies of it and comparisons don't change.
 */
export function setDescription<T extends object>(target: T, describe: (value: T) => string): T {
  return Object.defineProperty(target, inspect.custom, {
    value(this: T): string {
      return describe(this);
    },
    enumerable: false,
    configurable: true,
    writable: true,
  });
}

/** Returns a title and below it a line for each name and value; those without a value are left out. */
export function description(
  title: string,
  rows: Readonly<Record<string, string | number | false | undefined>>,
): string {
  const lines = Object.entries(rows).filter(([, value]) => value !== undefined && value !== false);
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  const written = (value: string | number): string => (typeof value === 'number' ? grouped(value) : value);
  return [
    title,
    ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${written(value as string | number)}`),
  ].join('\n');
}

/** Formats an integer with grouped thousands. */
export function grouped(value: number): string {
  return value.toLocaleString('en-GB');
}

/** Formats a number of things: `1 image`, `6,000 images`. */
export function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** Returns a path without slashes at its end. */
export function withoutEndSlashes(path: string): string {
  // A regular expression would try each slash of a long row anew.
  let {length} = path;
  while (length > 0 && '\\/'.includes(path[length - 1]!)) length--;
  return path.slice(0, length);
}

/** Returns the name of a file or folder without the folders that it lies in. */
export function lastName(path: string): string {
  const bare = withoutEndSlashes(path);
  return bare.slice(Math.max(bare.lastIndexOf('/'), bare.lastIndexOf('\\')) + 1);
}

/** Returns how many numbers tensors of these shapes hold. */
export function countNumbers(tensors: Iterable<{readonly shape: readonly number[]}>): number {
  let total = 0;
  for (const {shape} of tensors) total += shape.reduce((product, size) => product * size, 1);
  return total;
}

/** Describes options: those that differ from their default, then how many don't. */
export function describeOptions(
  options: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): string {
  const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const differing = Object.entries(options).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]),
  );
  if (differing.length === 0) return 'all at their default';
  const shown = differing.map(([name, value]) => {
    const usual = defaults[name];
    return `${name} ${written(value)}${usual === undefined ? '' : ` (default ${written(usual)})`}`;
  });
  const rest = Object.keys(options).length - differing.length;
  return `${shown.join(', ')}${rest > 0 ? `; ${rest} at their default` : ''}`;
}
