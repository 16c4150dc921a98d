/**
 * Fills a feature store: decodes images ahead of the network, encodes them in full batches and writes shard after shard. Shards appear
 * whole, so a build that is killed loses at most one, and one that is stopped none. Images that can't be read are quarantined and do not
 * affect the others.
 */
import type {Encoder} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {fromFloat16Bits} from '../files/float16';
import {makeFolder} from '../files/atomic';
import {lockFolder} from '../files/lock';
import {interruptible, isStopped, type Interrupt} from '../interrupt';
import type {BuildOptions} from '../option-types';
import {parseOptions} from '../options';
import {startProgress, type ShownProgress} from '../show-progress';
import {tf} from '../tensorflow/tensorflow';
import {toFloat16} from '../tensorflow/casts';
import {digestsOf} from './digests';
import {prefetchImages, type Decoded, type ImageFile} from './prefetch';
import {hasIndex, readShards, removeLeftovers, writeIndex} from './shard-index';
import {toPixels} from '../encoders/images';
import {buildOptions, type BuildSettings} from './build-options';
import {planShards, type PlannedShard} from './build-plan';
import {checkSource, readRows, writeShard, type FeatureOrigin, type Shard, type ShardImage} from './shard';

export type {BuildOptions};
export type {BuildProgress} from '../build-progress';

/** @returns The origin of the features in the folder. */
export async function buildFeatures(
  encoder: Encoder,
  images: readonly ImageFile[],
  folder: string,
  options: BuildOptions,
): Promise<FeatureOrigin> {
  const settings = parseOptions(buildOptions.schema, options, buildOptions.owner);
  const source: FeatureOrigin = {
    encoder: {name: encoder.name, digest: encoder.digest},
    preprocessing: encoder.preprocessing,
    kind: settings.kind,
    cells: settings.kind === 'pooled' ? 1 : encoder.cells,
    depth: encoder.depth,
  };
  const wanted = new Map(images.map((image) => [image.id, image]));
  const {progress, onProgress} = settings;
  // A listener shows the progress itself.
  const shown = progress ?? (onProgress ? false : undefined);
  /** Plans what is left to do in this part. */
  const look = async (): Promise<{plan: PlannedShard[]; stale: boolean}> => {
    const shards = readShards(folder, {damaged: true});
    if (shards[0]) checkSource(folder, shards[0].source, source);
    const digests =
      shards.length > 0 ? await digestsOf([...wanted.values()], shown) : new Map<string, string>();
    const {number: part, of} = settings.part;
    const plan = planShards(shards, wanted, digests, settings.shard).filter(
      ({number}) => number % of === part - 1,
    );
    return {plan, stale: plan.some(({changed}) => changed) || !hasIndex(folder)};
  };
  const {plan, stale} = await look();
  const total = plan.reduce((sum, shard) => sum + shard.wanted, 0);
  const bar = startProgress({progress: shown}, 'Encoding images', total);
  try {
    if (!stale) {
      await bar.update(total, total);
      await onProgress?.(total, total, undefined, {quarantined: 0, imagesPerSecond: 0});
      return source;
    }
    makeFolder(folder);
    const lock = lockFolder(folder);
    try {
      await removeLeftovers(folder);
      // Another process may have been at work since.
      await new Builder(encoder, source, folder, settings, bar).run((await look()).plan);
    } finally {
      lock.release();
    }
    return source;
  } finally {
    await bar.finish();
  }
}

type Good = Extract<Decoded, {pixels: Uint8Array}>;

class Builder {
  #encoded = 0;
  #bad = 0;
  #done = 0;
  #total = 0;
  #start = performance.now();
  /** Rows of the shard that was copied from last. */
  #copied: {shard: Shard; rows: Uint16Array} | undefined;
  /** Images whose features are on disk. */
  #saved = 0;

  constructor(
    private readonly encoder: Encoder,
    private readonly source: FeatureOrigin,
    private readonly folder: string,
    private readonly settings: BuildSettings,
    private readonly bar: ShownProgress,
  ) {}

  async run(plan: readonly PlannedShard[]): Promise<void> {
    await interruptible((interrupt) => this.#build(plan, interrupt), {
      stopped: () => `at ${this.#saved} of ${this.#total} images, saved`,
    });
  }

  async #build(plan: readonly PlannedShard[], interrupt: Interrupt): Promise<void> {
    const changed = plan.filter((shard) => shard.changed);
    const slots = changed.flatMap((shard) => shard.slots);
    const left = slots.flatMap((slot) => ('image' in slot ? [slot.image] : []));
    this.#total = plan.reduce((sum, {wanted}) => sum + wanted, 0);
    this.#done = this.#saved = this.#total - left.length;
    await this.#report();
    const decoded = prefetchImages(left, this.encoder.preprocessing, this.settings.batch);
    try {
      for (const shard of changed) await this.#fill(shard, decoded, interrupt);
    } finally {
      await decoded.return(undefined); // or decoding would continue after a stop
    }
    const shards = readShards(this.folder);
    await writeIndex(this.folder);
    await this.#report();
    const [first] = left;
    if (first && left.length === this.#total && this.#bad === left.length) {
      const reason = shards.flatMap(({images}) => images).find(({id}) => id === first.id)?.reason;
      throw new CaptionerError(
        'image',
        `expected images to encode, but none of ${this.#total} can be read (${first.file}: ${reason})`,
      );
    }
  }

  async #fill(
    {number, slots, stored}: PlannedShard,
    decoded: AsyncGenerator<Decoded>,
    interrupt: Interrupt,
  ): Promise<void> {
    const {cells, depth} = this.source;
    const size = cells * depth;
    const rows: Uint16Array[] = [];
    const images: ShardImage[] = [];
    let row = 0;
    let group: {image: Good; row: number}[] = [];
    const flush = async (): Promise<void> => {
      const found = this.#encode(group.map(({image}) => image));
      for (const [at, {row: to}] of group.entries()) rows[to] = found.subarray(at * size, (at + 1) * size);
      this.#encoded += group.length;
      group = [];
      await this.#report();
      await interrupt.pause();
    };
    const write = async (): Promise<void> => {
      await writeShard(this.folder, number, this.source, images, rows);
      this.#saved += slots.slice(0, images.length).filter((slot) => 'image' in slot).length;
    };
    try {
      for (const slot of slots) {
        interrupt.throwIfRequested();
        if ('kept' in slot) {
          images.push(slot.kept);
          if (slot.known) rows[row++] = this.#rowOf(slot.known, size);
          continue;
        }
        const {value} = (await decoded.next()) as {value: Decoded};
        const {id, sha256} = value;
        if ('reason' in value) {
          images.push({id, sha256, reason: value.reason});
          this.#bad++;
          continue;
        }
        images.push({id, sha256});
        if (group.push({image: value, row: row++}) === this.settings.batch) await flush();
      }
      if (group.length > 0) await flush();
    } catch (error) {
      if (!isStopped(error)) throw error;
      const [pending] = group;
      if (pending) {
        images.length = images.findIndex(({id}) => id === pending.image.id);
        rows.length = pending.row;
      }
      // A shard that is there already keeps all its images, in their order.
      if (images.length > stored) await write();
      throw error;
    }
    await write();
  }

  #rowOf({shard, row}: {shard: Shard; row: number}, size: number): Uint16Array {
    if (this.#copied?.shard !== shard) this.#copied = {shard, rows: readRows(shard)};
    return this.#copied.rows.subarray(row * size, (row + 1) * size);
  }

  #encode(group: readonly Good[]): Uint16Array {
    const {cells, depth, kind} = this.source;
    const side = this.source.preprocessing.size;
    // Always the same number of rows: for another number TensorFlow may sum in another order, which changes the last bit.
    const rows = Math.max(2, this.settings.batch);
    const pixels = toPixels(
      Array.from({length: rows}, (_, row) => group[row % group.length]!.pixels),
      side,
    );
    const features = this.encoder.encode(pixels);
    // A sum is finite only if all terms are.
    const [sum, least, largest] = [tf.sum, tf.min, tf.max].map((of) =>
      tf.tidy(() => of(features[kind]).dataSync()[0]!),
    );
    const halves = toFloat16(features[kind]);
    tf.dispose([pixels, features.grid, features.pooled]);
    const size = cells * depth;
    if (halves.length !== rows * size)
      throw new CaptionerError(
        'shape',
        `${this.encoder.name}: expected ${kind} features of ${rows} × ${size} numbers, got ${halves.length}`,
      );
    const found = halves.subarray(0, group.length * size);
    if (!Number.isFinite(sum) || least! < -65504 || largest! > 65504) this.#refuse(found, size, group);
    return found;
  }

  /** Throws an error that names the image whose features half precision can't hold. */
  #refuse(halves: Uint16Array, size: number, group: readonly Good[]): void {
    const broken = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
    if (broken < 0) return;
    const value = fromFloat16Bits(halves.subarray(broken, broken + 1))[0];
    throw new CaptionerError(
      'diverged',
      `${this.encoder.name}: expected features that half precision can hold, got ${value} for ${group[Math.floor(broken / size)]!.id}`,
    );
  }

  get #reached(): number {
    return this.#done + this.#encoded + this.#bad;
  }

  async #report(): Promise<void> {
    const seconds = (performance.now() - this.#start) / 1000;
    const imagesPerSecond = this.#encoded === 0 ? 0 : this.#encoded / seconds;
    const note = this.#bad > 0 ? `${this.#bad} unreadable` : undefined;
    await this.bar.update(this.#reached, this.#total, note);
    await this.settings.onProgress?.(this.#reached, this.#total, note, {
      quarantined: this.#bad,
      imagesPerSecond,
    });
  }
}
