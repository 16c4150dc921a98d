/**
 * Random numbers that depend on their seed alone: the same on every machine and in every version of Node, so the same seed draws the
 * same images and orders, and a resumed run repeats exactly.
 */
/** Names one dropout mask: the same numbers give the same mask, in any process. */
export interface DropoutKey {
  readonly seed: number;
  /** The training step, so that every step has masks of its own. */
  readonly step: number;
}

/** A generator of random choices. */
export class SeededRandom {
  #state: number;

  /** @param seeds Whole numbers; each different list gives an unrelated run of choices. */
  constructor(...seeds: readonly number[]) {
    this.#state = seeds.reduce((state, seed) => scramble(Math.imul(state, 31) + seed), 0x2545f491);
  }

  /** In [0, 1), with 32 random bits (the generator mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  uniformFromKey(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError('expected something to pick from, got nothing');
    return choices[Math.floor(this.next() * choices.length)]!;
  }
}

/** The finaliser of MurmurHash3: neighbouring numbers come out unrelated. */
function scramble(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/**
 * The order in which an epoch visits `size` things: the numbers 0 to `size - 1`, shuffled (Fisher and Yates).
 */
export function permutation(size: number, seed: number, epoch: number): Int32Array {
  const next = generator(mix(seed, epoch));
  const order = Int32Array.from({length: size}, (_, k) => k);
  for (let k = size - 1; k > 0; k--) {
    const other = Math.floor(next() * (k + 1));
    const held = order[k]!;
    order[k] = order[other]!;
    order[other] = held;
  }
  return order;
}

/** One 32-bit integer out of two, such that neighbours give unrelated ones (the finaliser of MurmurHash3). */
export function mix(a: number, b: number): number {
  let h = Math.imul(a | 0, 0x9e3779b1) ^ Math.imul((b | 0) + 0x7f4a7c15, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** One number in [0, 1) out of integers, such that neighbours give unrelated ones; of 24 random bits, as many as float32 holds. */
export function chance(...key: readonly number[]): number {
  return (key.reduce((before, part) => mix(before, part)) >>> 8) / 2 ** 24;
}

/** Numbers in [0, 1) from a 32-bit seed (the generator sfc32), with 53 random bits each. */
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
