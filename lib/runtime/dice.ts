/**
 * Random choices that depend on a seed alone: the same on every machine and in every version of Node, so the same seed
 * draws the same pictures.
 */
export class Dice {
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

  chance(probability: number): boolean {
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
