/** Features of images in several views: validation sees whole images, each training step a random view of each image. */
import {inspect} from 'node:util';
import {setDescription} from '../description';
import {CaptionerError} from '../errors';
import {tf} from '../tensorflow/tensorflow';
import {uniform} from '../ops/random';
import {mix, type StepKey} from '../random/random';
import type {FeatureSource} from './source';
import type {FeatureStore} from './store';

/** Separates these random numbers from those of dropout, which have the same seed. */
const stream = 0x5eed;

/** Stored features of images and of other views of them; each training step draws one view of each image. */
export class AugmentedFeatures implements FeatureSource {
  /**
   * @param plain Features of the whole images.
   * @param others Features of the training images, one store per further view.
   * @param someMirrored Whether some of these views are mirror images.
   * @throws CaptionerError `shape` when the stores differ in kind or size
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
  shardOf(id: string): number | undefined {
    return this.plain.shardOf(id);
  }
  get quarantined(): ReadonlyMap<string, string> {
    return this.plain.quarantined;
  }
  read(ids: readonly string[]): tf.Tensor {
    return this.plain.read(ids);
  }

  /** Draws views that depend only on (seed, step) and position, so that a resumed run sees the same as an uninterrupted one. */
  draw(ids: readonly string[], {seed, step}: StepKey): tf.Tensor {
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

setDescription(AugmentedFeatures.prototype, ({plain, views, mirrored}) => {
  const text = inspect(plain);
  return views === 1
    ? text
    : `${text}\n  views    ${views} of each training image${mirrored ? ', some mirrored' : ''}`;
});
