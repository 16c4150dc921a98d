/**
 * Fills a feature store: finds out which images have no features yet, decodes them ahead of the network, encodes them in
 * full batches and writes shard after shard. Shards appear whole and the index after them, so a run that is killed
 * loses at most one; images that can't be read are put aside and change nothing for the others.
 */
import {promises as fs} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import type {Encoder} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {sha256, writeFileAtomic} from '../files/atomic';
import {lockFolder} from '../files/lock';
import {formatSafetensors, toFloat16Bits} from '../files/safetensors';
import {parseOptions} from '../options';
import {tf} from '../runtime/native';
import {decodeAhead, digestsOf, type Decoded, type ImageFile} from './decode-ahead';
import {
  checkSource,
  featureKinds,
  imagesToEncode,
  presentImages,
  readIndex,
  readQuarantine,
  removeLeftovers,
  shardName,
  writeIndex,
  writeQuarantine,
  type FeatureKind,
  type FeatureSource,
  type Shard,
  type StoredImage,
} from './feature-index';

export interface BuildProgress {
  /** Images that could not be read so far. */
  readonly quarantined: number;
  /** Since this run began to encode; 0 before the first. */
  readonly imagesPerSecond: number;
}

export interface BuildOptions {
  /** @default pooled */
  readonly kind?: FeatureKind;
  /** Images that the network sees at once. @default 16 */
  readonly batch?: number;
  /** Images in a shard: what a run that is killed may lose. @default 256 */
  readonly shard?: number;
  /** @param note The progress in words, for who shows it. */
  readonly onProgress?: (
    done: number,
    total: number,
    note: string | undefined,
    progress: BuildProgress,
  ) => void | Promise<void>;
}

const schema = z.strictObject({
  kind: z.enum(featureKinds).default('pooled'),
  batch: z.int().min(1).default(16),
  shard: z.int().min(1).default(256),
  onProgress: z.custom<BuildOptions['onProgress']>((value) => typeof value === 'function').optional(),
});
type Settings = z.infer<typeof schema>;

export async function buildFeatures(
  encoder: Encoder,
  images: readonly ImageFile[],
  folder: string,
  options: BuildOptions,
): Promise<void> {
  const settings = parseOptions(schema, options, 'feature store');
  const source: FeatureSource = {
    encoder: {name: encoder.name, digest: encoder.digest},
    preprocessing: encoder.preprocessing,
    kind: settings.kind,
    cells: settings.kind === 'pooled' ? 1 : encoder.cells,
    depth: encoder.depth,
  };
  const wanted = new Map(images.map((image) => [image.id, image]));
  const digests = await digestsOf([...wanted.values()]);
  const before = readIndex(folder);
  if (before) {
    checkSource(folder, before, source);
    if (imagesToEncode(folder, before, wanted, digests).length === 0) {
      await settings.onProgress?.(wanted.size, wanted.size, undefined, {quarantined: 0, imagesPerSecond: 0});
      return;
    }
  }
  await fs.mkdir(folder, {recursive: true});
  const lock = lockFolder(folder);
  try {
    await new Builder(encoder, source, folder, settings).run(wanted, digests);
  } finally {
    lock.release();
  }
}

type Good = Extract<Decoded, {pixels: Uint8Array}>;

class Builder {
  readonly #images = new Map<string, StoredImage>();
  #shards: readonly Shard[] = [];
  #quarantine = new Map<string, string>();
  /** Features of the shard that is being filled. */
  #halves: Uint16Array = new Uint16Array(0);
  #rows: Omit<StoredImage, 'shard'>[] = [];

  constructor(
    private readonly encoder: Encoder,
    private readonly source: FeatureSource,
    private readonly folder: string,
    private readonly settings: Settings,
  ) {}

  async run(wanted: ReadonlyMap<string, ImageFile>, digests: ReadonlyMap<string, string>): Promise<void> {
    const {batch, shard, onProgress} = this.settings;
    await removeLeftovers(this.folder);
    const left = this.#takeOver(wanted, digests);
    const total = wanted.size;
    let bad = 0;
    let encoded = 0;
    const start = performance.now();
    const report = async (): Promise<void> => {
      const imagesPerSecond = encoded === 0 ? 0 : encoded / ((performance.now() - start) / 1000);
      const note = [
        ...(encoded > 0 ? [`${imagesPerSecond.toFixed(0)} images/s`] : []),
        ...(bad > 0 ? [`${bad} unreadable`] : []),
      ].join(', ');
      const done = total - left.length + encoded + bad;
      await onProgress?.(done, total, note || undefined, {quarantined: bad, imagesPerSecond});
    };
    await report();

    // Batches and shards are filled from good images only, so a bad one does not change the company of the others.
    let group: Good[] = [];
    const flush = async (): Promise<void> => {
      await this.#encode(group);
      encoded += group.length;
      group = [];
      if (this.#rows.length >= shard) await this.#writeShard();
      await report();
    };
    for await (const image of decodeAhead(left, this.encoder.preprocessing, batch)) {
      if ('reason' in image) {
        this.#quarantine.set(image.id, image.reason);
        this.#images.delete(image.id); // features of what the file was before
        bad++;
      } else if (group.push(image) === Math.min(batch, shard - this.#rows.length)) await flush();
    }
    if (group.length > 0) await flush();
    if (this.#rows.length > 0) await this.#writeShard();
    await this.#writeIndex();
    await writeQuarantine(this.folder, this.#quarantine);
    await report();
    const [first] = left;
    if (first && bad === total)
      throw new CaptionerError(
        'image',
        `expected images to encode, but none of ${total} can be read (${first.file}: ${this.#quarantine.get(first.id)})`,
      );
  }

  /**
   * Reads again what the folder holds, now that nobody else writes to it.
   *
   * @returns The images that have to be encoded.
   */
  #takeOver(wanted: ReadonlyMap<string, ImageFile>, digests: ReadonlyMap<string, string>): ImageFile[] {
    const index = readIndex(this.folder);
    this.#quarantine = readQuarantine(this.folder);
    for (const id of wanted.keys()) this.#quarantine.delete(id);
    if (index === undefined) return [...wanted.values()];
    checkSource(this.folder, index, this.source);
    this.#shards = index.shards;
    const byBytes = new Map<string, StoredImage>();
    for (const image of presentImages(this.folder, index)) {
      this.#images.set(image.id, image);
      byBytes.set(image.sha256, image);
    }
    return imagesToEncode(this.folder, index, wanted, digests).filter(({id}) => {
      const same = byBytes.get(digests.get(id) ?? '');
      if (same) this.#images.set(id, {...same, id}); // the same bytes under another name
      return same === undefined;
    });
  }

  async #encode(group: readonly Good[]): Promise<void> {
    const {preprocessing, depth} = this.encoder;
    const {cells, kind} = this.source;
    const side = preprocessing.size;
    // TensorFlow multiplies a single row in another way, which differs in the last bit: one image goes in twice.
    const rows = Math.max(2, group.length);
    const all = new Int32Array(rows * side * side * 3);
    for (let row = 0; row < rows; row++) all.set(group[row % group.length]!.pixels, row * side * side * 3);
    const pixels = tf.tensor4d(all, [rows, side, side, 3], 'int32');
    let values: Float32Array;
    try {
      const features = this.encoder.encode(pixels);
      values = await features[kind].data<'float32'>();
      tf.dispose([features.grid, features.pooled]);
    } finally {
      pixels.dispose();
    }

    const size = cells * depth;
    if (values.length !== rows * size)
      throw new CaptionerError(
        'shape',
        `${this.encoder.name}: expected ${kind} features of ${rows} × ${size} numbers, got ${values.length}`,
      );
    if (this.#rows.length === 0) this.#halves = new Uint16Array(this.settings.shard * size);
    const halves = toFloat16Bits(values.subarray(0, group.length * size));
    const broken = halves.findIndex((half) => (half & 0x7c00) === 0x7c00);
    if (broken >= 0)
      throw new CaptionerError(
        'diverged',
        `${this.encoder.name}: expected features that half precision can hold, got ${values[broken]} for ${group[Math.floor(broken / size)]!.id}`,
      );
    this.#halves.set(halves, this.#rows.length * size);
    for (const {id, sha256: digest} of group) this.#rows.push({id, row: this.#rows.length, sha256: digest});
  }

  async #writeShard(): Promise<void> {
    const {cells, depth, kind} = this.source;
    const rows = this.#rows;
    const data = new Uint8Array(this.#halves.buffer, 0, rows.length * cells * depth * 2);
    const shape = kind === 'pooled' ? [rows.length, depth] : [rows.length, cells, depth];
    const bytes = formatSafetensors([[kind, {dtype: 'F16', shape, data}]]);
    const number = this.#shards.length;
    const file = shardName(number);
    await writeFileAtomic(join(this.folder, file), bytes);
    this.#shards = [...this.#shards, {file, bytes: bytes.length, sha256: sha256(bytes)}];
    for (const image of rows) this.#images.set(image.id, {...image, shard: number});
    this.#rows = [];
    await this.#writeIndex();
  }

  async #writeIndex(): Promise<void> {
    await writeIndex(this.folder, {...this.source, images: [...this.#images.values()], shards: this.#shards});
  }
}
