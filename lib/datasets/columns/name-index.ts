/** Finds the places of names in a column: a hash table of integers, since a Map of millions of strings takes a hundred bytes for each. */

const empty = 0;
/** Fraction of the slots above which the table grows. */
const fullest = 0.6;

/** Places by name, with open addressing. */
export class NameIndex {
  #slots = new Int32Array(1024);
  #count = 0;

  /** @param nameAt Returns the name at a place. */
  constructor(private readonly nameAt: (place: number) => string) {}

  /** @returns The place of a name; undefined if it has none. */
  get(name: string): number | undefined {
    const found = this.#slots[this.#slotOf(name)]!;
    return found === empty ? undefined : found - 1;
  }

  /** Adds a name that has no place yet. @param place Where `nameAt` finds it. */
  add(name: string, place: number): void {
    if (++this.#count > fullest * this.#slots.length) this.#grow();
    this.#slots[this.#slotOf(name)] = place + 1;
  }

  /** The slot of a name, or the free one where it belongs. */
  #slotOf(name: string): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(name) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === empty || this.nameAt(found - 1) === name) return slot;
    }
  }

  #grow(): void {
    const before = this.#slots;
    const mask = 2 * before.length - 1;
    const slots = new Int32Array(mask + 1);
    for (const found of before) {
      if (found === empty) continue;
      let slot = hash(this.nameAt(found - 1)) & mask;
      while (slots[slot] !== empty) slot = (slot + 1) & mask;
      slots[slot] = found;
    }
    this.#slots = slots;
  }
}

/** FNV-1a with a last scramble, so that neighbouring numbers in names lie apart. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return h ^ (h >>> 13);
}
