/** Features of the same images in several views: what is judged sees the images as they are, training now this view and now that. */
import {CaptionerError} from '../errors';
import {tf} from '../tensorflow/tensorflow';
import {uniform} from '../ops/random';
import {mix, type DropoutKey} from '../random/random';
import type {FeatureSource} from './source';
import type {FeatureStore} from './store';

/** Keeps these numbers apart from those of dropout, which have the same seed. */
const stream = 0x5eed;

/** Stored features of images and of other views of them; each training step draws one view of each image. */
export class AugmentedFeatures implements FeatureSource {
  /**
   * @param plain Of the images as they are.
   * @param others Of those that are learnt from, in other views.
   * @param someMirrored Whether some of these are mirror images.
   * @throws CaptionerError `shape` when they are not of the same kind and size
   */
  constructor(
    readonly plain: FeatureStore,
    private readonly others: readonly FeatureStore[],
    private readonly someMirrored: boolean = false,
  ) {
    const shape = ({kind, cells, depth}: FeatureStore): string => `${kind} [${cells}, ${depth}]`;
    for (const other of others)
      if (shape(other) !== shape(plain))
        throw new CaptionerError(
          'shape',
          `${other.folder}: expected features ${shape(plain)} as those of the whole images, got ${shape(other)}`,
        );
  }

  get folder(): string {
    return this.plain.folder;
  }
  get encoder(): FeatureSource['encoder'] {
    return this.plain.encoder;
  }
  get preprocessing(): FeatureSource['preprocessing'] {
    return this.plain.preprocessing;
  }
  get kind(): FeatureSource['kind'] {
    return this.plain.kind;
  }
  get depth(): number {
    return this.plain.depth;
  }
  get views(): number {
    return 1 + this.others.length;
  }
  get mirrored(): boolean | undefined {
    return this.others.length > 0 ? this.someMirrored : undefined;
  }
  has(id: string): boolean {
    return this.plain.has(id);
  }
  get quarantined(): ReadonlyMap<string, string> {
    return this.plain.quarantined;
  }
  read(ids: readonly string[]): tf.Tensor {
    return this.plain.read(ids);
  }

  /** Each in a view that follows from (seed, step) and its place alone, so that a resumed run sees what an uninterrupted one would. */
  draw(ids: readonly string[], {seed, step}: DropoutKey): tf.Tensor {
    if (this.others.length === 0) return this.read(ids);
    return tf.tidy(() => {
      const stores = [this.plain, ...this.others];
      const dice = uniform([ids.length], [mix(seed, stream), step]).dataSync();
      const views = ids.map((id, row) => {
        const view = Math.floor(dice[row]! * stores.length);
        return stores[view]!.has(id) ? view : 0;
      });
      const rows = stores.map((_, view) => [...ids.keys()].filter((row) => views[row] === view));
      const parts = stores.flatMap((store, view) =>
        rows[view]!.length > 0 ? [store.read(rows[view]!.map((row) => ids[row]!))] : [],
      );
      const order = new Int32Array(ids.length);
      for (const [at, row] of rows.flat().entries()) order[row] = at;
      return tf.gather(tf.concat(parts), tf.tensor1d(order, 'int32'));
    });
  }
}
