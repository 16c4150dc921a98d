/**
 * Plans which image goes into which shard, and what has to be computed. The plan depends only on the images and the contents of the
 * folder: a process that computes only a part of it, or restarts after being killed, gets the same shards.
 */
import type {ImageFile} from './prefetch';
import type {Shard, ShardImage} from './shard';

/** Features that are already stored. */
export interface Known {
  readonly shard: Shard;
  readonly row: number;
}

export type Slot =
  | {readonly image: ImageFile}
  | {
      readonly kept: ShardImage;
      readonly known?: Known;
      /** The image itself, if the features are those of another one with the same bytes. */
      readonly of?: ImageFile;
    };

export interface PlannedShard {
  readonly number: number;
  readonly slots: readonly Slot[];
  /** Slots of the images that the shard on disk has; they come first. */
  readonly stored: number;
  /** Number of requested images in this shard. */
  readonly wanted: number;
  /** Whether the shard has to be written. */
  readonly changed: boolean;
}

/**
 * @param digests SHA-256 of each wanted image's bytes; an image that can't be read has none. Needed only if there are shards.
 * @param size Images per shard.
 */
export function planShards(
  shards: readonly Shard[],
  wanted: ReadonlyMap<string, ImageFile>,
  digests: ReadonlyMap<string, string>,
  size: number,
): PlannedShard[] {
  const byBytes = new Map<string, Known>();
  const stored = new Set<string>();
  for (const shard of shards) {
    let row = 0;
    for (const {id, sha256, reason} of shard.images) {
      stored.add(id);
      if (reason === undefined) byBytes.set(sha256!, {shard, row: row++});
    }
  }
  /** Reuses the features of an image with the same bytes, whatever its id. */
  const slotOf = (image: ImageFile): Slot => {
    const sha256 = digests.get(image.id);
    const known = sha256 === undefined ? undefined : byBytes.get(sha256);
    return known ? {kept: {id: image.id, sha256}, known, of: image} : {image};
  };

  const existing = new Map(shards.map((shard) => [shard.number, shard]));
  const fresh = [...wanted.values()].filter(({id}) => !stored.has(id));
  const plan: PlannedShard[] = [];
  for (let number = 0; fresh.length > 0 || existing.size > 0; number++) {
    const shard = existing.get(number);
    existing.delete(number);
    let changed = false;
    let asked = 0;
    let row = 0;
    const slots: Slot[] = [];
    for (const kept of shard?.images ?? []) {
      const image = wanted.get(kept.id);
      const known = kept.reason === undefined ? {known: {shard: shard!, row: row++}} : {};
      if (image) asked++;
      // A time limit may have been exceeded because the machine was busy, so try again.
      if (image && (digests.get(image.id) !== kept.sha256 || kept.reason?.startsWith('took longer'))) {
        changed = true;
        slots.push(slotOf(image));
      } else slots.push({kept, ...known});
    }
    const stored = slots.length;
    const added = fresh.splice(0, Math.max(0, size - slots.length));
    slots.push(...added.map(slotOf));
    if (slots.length > 0)
      plan.push({number, slots, stored, wanted: asked + added.length, changed: changed || added.length > 0});
  }
  // A shard that is rewritten is gone when a later one would copy from it.
  const rewritten = new Set(plan.flatMap(({number, changed}) => (changed ? [number] : [])));
  return plan.map((shard) => ({
    ...shard,
    slots: shard.slots.map((slot) => {
      if (!('of' in slot) || slot.of === undefined) return slot;
      const from = slot.known!.shard.number;
      return from !== shard.number && rewritten.has(from) ? {image: slot.of} : slot;
    }),
  }));
}
