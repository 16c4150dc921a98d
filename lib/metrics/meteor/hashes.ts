/** A compact set of 32-bit hashes with open addressing, and the FNV-1a hash. */

/** FNV-1a: the hash of no bytes, and the hash after one more byte. */
export const hashStart: number = 0x811c9dc5 | 0;
export function hashStep(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

export class HashSet {
  #slots = new Int32Array(2 ** 16);
  #used = 0;

  add(hash: number): void {
    if (this.has(hash)) return;
    if (++this.#used * 4 > this.#slots.length) this.#grow();
    this.#slots[this.#slotOf(hash)] = hash || 1;
  }

  has(hash: number): boolean {
    return this.#slots[this.#slotOf(hash)] !== 0;
  }

  /** Returns the slot of a hash, or the free slot for it. 0 marks an empty slot, so hash 0 is stored as 1. */
  #slotOf(hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const wanted = hash || 1;
    let slot = wanted & mask;
    while (slots[slot] !== 0 && slots[slot] !== wanted) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (const hash of old) if (hash !== 0) this.#slots[this.#slotOf(hash)] = hash;
  }
}
