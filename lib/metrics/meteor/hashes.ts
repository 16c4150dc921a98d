/** A set of 32-bit hashes in open addressing: no object for each, and a look-up that costs next to nothing. */

/** FNV-1a of bytes: the hash of none, and the hash with one more. */
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

  /** Where a hash is, or would be. 0 marks an empty slot, so that hash shares the slot of 1. */
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
