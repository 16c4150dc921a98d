/**
 * Random numbers that depend on their seed alone: the same on every machine and in every version of Node. So a seed always draws the
 * same images and orders, and a resumed run repeats exactly.
 */

/** Key of the random numbers of a training step: the same key gives the same numbers, in any process. */
export interface StepKey {
  readonly seed: number;
  /** Number of the training step, so that each step has its own numbers. */
  readonly step: number;
}

/** A seeded generator of random choices. */
export class SeededRandom {
  #state: number;

  /** @param seeds Integers; different lists give unrelated sequences. */
  constructor(...seeds: readonly number[]) {
    this.#state = seeds.reduce((state, seed) => scramble(Math.imul(state, 31) + seed), 0x2545f491);
  }

  /** Returns a number in [0, 1) with 32 random bits (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  }

  /** Returns a number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Returns true with the given probability. */
  bernoulli(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns one of the choices, each with the same probability. */
  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError('expected at least one choice, got none');
    return choices[Math.floor(this.next() * choices.length)]!;
  }
}

/** The finaliser of MurmurHash3, which maps neighbouring numbers to unrelated ones. */
function scramble(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/**
 * Returns the order in which an epoch visits `size` items: the numbers 0 to `size - 1`, shuffled (Fisher–Yates).
 */
export function permutation(size: number, seed: number, epoch: number): Int32Array {
  const next = generator(mix(seed, epoch));
  const order = Int32Array.from({length: size}, (_, k) => k);
  for (let k = size - 1; k > 0; k--) {
    const other = Math.floor(next() * (k + 1));
    const swapped = order[k]!;
    order[k] = order[other]!;
    order[other] = swapped;
  }
  return order;
}

/** Hashes two integers to one of 32 bits. Neighbouring inputs give unrelated results (the finaliser of MurmurHash3). */
export function mix(a: number, b: number): number {
  let h = Math.imul(a | 0, 0x9e3779b1) ^ Math.imul((b | 0) + 0x7f4a7c15, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** Hashes integers to a number in [0, 1) with 24 random bits, exact in float32. Neighbouring keys give unrelated numbers. */
export function uniformFromKey(...key: readonly number[]): number {
  return (key.reduce((before, part) => mix(before, part)) >>> 8) / 2 ** 24;
}

/** Returns a generator of numbers in [0, 1) with 53 random bits each (sfc32). */
function generator(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, mix(seed, 1), mix(seed, 2), 1];
  const word = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let k = 0; k < 12; k++) word();
  return () => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000;
}
