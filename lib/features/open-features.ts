/** Opens the features that a decoder is trained on, in the requested views, and computes whatever is missing. */
import type {CaptionedImage, Dataset} from '../datasets/dataset';
import {ofSplit} from '../datasets/image-list';
import {trainingViews, withView} from '../encoders/augmentation';
import type {Encoder} from '../encoders/encoder';
import {featureFolder} from '../paths';
import type {ProgressOptions} from '../show-progress';
import {AugmentedFeatures} from './augmented';
import type {FeatureKind} from './shard';
import type {FeatureSource} from './source';
import {FeatureStore, type BuildOptions} from './store';
import {TrainableFeatures} from './trainable';

/** Options of `storeFeatures`. */
export interface StoreOptions extends Pick<BuildOptions, 'kind' | 'part'>, ProgressOptions {
  /** Folder of the store. @default the dataset's folder in `data/features` */
  readonly folder?: string;
}

/**
 * Computes the features of images, except for those that are already stored.
 *
 * @throws CaptionerError as `FeatureStore.build`
 */
export async function storeFeatures(
  encoder: Encoder,
  dataset: Pick<Dataset, 'folder'>,
  images: readonly CaptionedImage[],
  {kind = 'pooled', part, folder = featureFolder(dataset, encoder, kind), progress}: StoreOptions = {},
): Promise<FeatureStore> {
  return FeatureStore.build(encoder, images, folder, {
    kind,
    ...(part && {part}),
    ...(progress !== undefined && {progress}),
  });
}

/** The features that training needs. */
export interface FeatureRequest extends ProgressOptions {
  readonly kind: FeatureKind;
  /** First block of the encoder that is trained along with the decoder. @default none */
  readonly fineTune?: string | undefined;
  /** Views of each training image: the whole, then crops and mirror images. @default 6 with `fineTune`, else 1 */
  readonly views?: number | undefined;
  /** Whether views may be mirror images. @default what the dataset allows */
  readonly mirror?: boolean | undefined;
}

/**
 * Opens the features of a dataset's images for training, and computes whatever is missing.
 *
 * @param encoder Disposed with the features, or as soon as they are all stored.
 * @throws CaptionerError `options` for an unknown block; and as `FeatureStore.build`
 */
export async function openFeatures(
  encoder: Encoder,
  dataset: Dataset,
  {kind, fineTune, views = fineTune === undefined ? 1 : 6, mirror = true, progress}: FeatureRequest,
): Promise<FeatureSource> {
  const inViews = async (by: Encoder, of: FeatureKind): Promise<AugmentedFeatures> => {
    const options = {kind: of, progress};
    const [, ...others] = trainingViews(views, {mirror: mirror && (dataset.mirrorImages ?? true)});
    const plain = await storeFeatures(by, dataset, dataset.images, options);
    const stores: FeatureStore[] = [];
    for (const view of others)
      stores.push(await storeFeatures(withView(by, view), dataset, ofSplit(dataset, 'train'), options));
    return new AugmentedFeatures(
      plain,
      stores,
      others.some(({mirrored}) => mirrored),
    );
  };
  if (fineTune !== undefined)
    return TrainableFeatures.open(encoder, {from: fineTune, kind}, (frozen) => inViews(frozen, 'grid'));
  try {
    return await inViews(encoder, kind);
  } finally {
    encoder.dispose();
  }
}
