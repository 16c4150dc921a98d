/** The memory that work is going to need, compared with what there is before anything is allocated. */
import {totalmem} from 'node:os';
import {CaptionerError} from './errors';

/** Bytes by what they are for. */
export type MemoryParts = ReadonlyMap<string, number>;

/** Returns the memory of the machine, or of the container that the process runs in, in bytes. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * Refuses work that needs more memory than the machine has. The estimate is a lower bound, so that nothing is refused that would fit.
 *
 * @param what Names the work, for the message: `lstm decoder`.
 * @param estimate Returns the bytes that it needs with some options, by what they are for.
 * @param adjustable Names of numeric options that could be lowered; the message says which value of one would fit.
 * @throws CaptionerError `memory`
 */
export function checkMemory<Options extends object>(
  what: string,
  options: Options,
  estimate: (options: Options) => MemoryParts,
  adjustable: readonly (keyof Options & string)[],
): void {
  const limit = memoryLimit();
  const parts = estimate(options);
  const needed = sum(parts);
  if (needed <= limit) return;
  const largest = [...parts].sort(([, one], [, other]) => other - one).slice(0, 3);
  const named = largest.map(([name, bytes]) => `${name} ${inWords(bytes)}`).join(', ');
  const fits = (name: string, value: number): boolean => sum(estimate({...options, [name]: value})) <= limit;
  const advice = adjustable.flatMap((name) => {
    const fitting = halved(options[name], (value) => fits(name, value));
    return fitting === undefined ? [] : [`${name}=${fitting} would fit`];
  });
  throw new CaptionerError(
    'memory',
    `${what}: expected to need at most the ${inWords(limit)} of memory that this machine has, got ${inWords(needed)} (${named}); ${advice[0] ?? 'choose smaller sizes'}`,
  );
}

/** Halves a number until it fits. */
function halved(value: unknown, fits: (value: number) => boolean): number | undefined {
  if (typeof value !== 'number') return undefined;
  for (let smaller = Math.floor(value / 2); smaller >= 1; smaller = Math.floor(smaller / 2))
    if (fits(smaller)) return smaller;
  return undefined;
}

function sum(parts: MemoryParts): number {
  let total = 0;
  for (const bytes of parts.values()) total += bytes;
  return total;
}

function inWords(bytes: number): string {
  const gigabytes = bytes / 1e9;
  if (gigabytes < 1) return `${Math.ceil(bytes / 1e6)} MB`;
  return `${gigabytes < 10 ? gigabytes.toFixed(1) : gigabytes.toFixed(0)} GB`;
}
