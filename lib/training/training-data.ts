/** Training data from a dataset and its features: captions to train on, and captions and images for validation. */
import {createHash} from 'node:crypto';
import {splits, type CaptionedImage, type Dataset, type Split} from '../datasets/dataset';
import {keepImages, ofSplit} from '../datasets/image-list';
import type {FeatureSource} from '../features/source';
import type {Decoder} from '../decoders/decoder';
import {describeEncoder, sameEncoder, type EncoderIdentity} from '../encoders/identity';
import {CaptionerError} from '../errors';
import {tf} from '../tensorflow/tensorflow';
import type {Vocabulary} from '../text/vocabulary';
import type {CaptionOrder} from './epoch-cursor';
import {ExampleTable} from './example-table';
import type {TrainerSettings} from './trainer-options';

export interface Parts {
  readonly dataset: Dataset;
  /** Features of the dataset's images; images without features (unreadable ones) are left out. */
  readonly features: FeatureSource;
  readonly vocabulary: Vocabulary;
  readonly decoder: Decoder;
}

export interface TrainingData {
  readonly training: ExampleTable;
  readonly validation: ExampleTable;
  /** Images whose captions are scored in validation. */
  readonly judged: readonly CaptionedImage[];
  /** Images of the panel: from the test split, or from validation if there is none. */
  readonly shown: readonly CaptionedImage[];
  /** Images of the dataset that have no features. */
  readonly leftOut: readonly string[];
  /** SHA-256 of `training`. */
  readonly digest: string;
}

/** @throws CaptionerError `mismatch` when the parts do not belong together; `dataset` when no training image has features. */
export function prepareTrainingData(parts: Parts, maximumLength: number): TrainingData {
  checkTogether(parts);
  const {dataset, features, vocabulary} = parts;
  const usable = (split: Split): CaptionedImage[] =>
    keepImages(ofSplit(dataset, split), ({id}) => features.has(id));
  const examples = (images: readonly CaptionedImage[]): ExampleTable => {
    const table = new ExampleTable((image) => images[image]!.id, vocabulary.size);
    for (const [image, {captions}] of images.entries())
      for (const caption of captions) {
        const tokens = vocabulary.encode(caption);
        table.push(image, tokens.slice(0, maximumLength), tokens.length <= maximumLength);
      }
    return table;
  };
  const training = examples(usable('train'));
  if (training.length === 0)
    throw new CaptionerError(
      'dataset',
      `${dataset.folder}: expected training images with features, found none in ${features.folder}`,
    );
  const judged = usable('validation');
  const test = usable('test');
  const hash = createHash('sha256');
  for (let at = 0; at < training.length; at++)
    hash.update(`${training.id(at)}\0${training.tokens(at).join(' ')}\n`);
  return {
    training,
    validation: examples(judged),
    judged,
    shown: test.length > 0 ? test : judged,
    leftOut: keepImages(dataset.images, ({id}) => !features.has(id)).map(({id}) => id),
    digest: hash.digest('hex'),
  };
}

/** @throws CaptionerError `dataset` when a dataset has no training images */
export function checkTrainingImages({folder, images}: Dataset): void {
  if (images.some(({split}) => split === 'train')) return;
  const found = splits.flatMap((split) => {
    const count = ofSplit({images}, split).length;
    return count > 0 ? [`${count} for ${split}`] : [];
  });
  throw new CaptionerError(
    'dataset',
    `${folder}: expected training images, found ${found.join(' and ') || 'none'} only`,
  );
}

function checkTogether({decoder, vocabulary, features}: Parts): void {
  const fail = (what: string, expected: unknown, got: unknown): never => {
    throw new CaptionerError('mismatch', `Trainer: expected ${what} ${String(expected)}, got ${String(got)}`);
  };
  if (decoder.vocabulary !== vocabulary.size)
    fail("the decoder's vocabulary", vocabulary.size, decoder.vocabulary);
  if (decoder.depth !== features.depth) fail("the decoder's feature depth", features.depth, decoder.depth);
  if (decoder.features !== features.kind) fail('features', decoder.features, features.kind);
}

/**
 * Returns what decides the order of the captions.
 *
 * @throws CaptionerError `options` for a shuffle within shards of features that are not in shards
 */
export function captionOrder(
  {features}: Parts,
  {batch, seed, captionsPerImage, shuffleShards: buffer, accumulate: lanes}: TrainerSettings,
): CaptionOrder {
  const order = {batch, seed, captionsPerImage};
  if (buffer === 0) return order;
  if (!features.shardOf)
    throw new CaptionerError(
      'options',
      'trainer: `shuffleShards`: expected 0 for features that are not in shards, as those of a fine-tuned encoder',
    );
  return {...order, shards: {of: (id) => features.shardOf?.(id), buffer, lanes}};
}

/** @throws CaptionerError `mismatch` when a run was trained on other features or captions than the given ones. */
export function checkResumable(
  run: string,
  trained: EncoderIdentity,
  data: string | undefined,
  {encoder, preprocessing}: FeatureSource,
  {digest}: TrainingData,
): void {
  if (!sameEncoder(trained, {...encoder, preprocessing}))
    throw new CaptionerError(
      'mismatch',
      `${run}: expected features by ${describeEncoder(trained)}, which it was trained on, got ${describeEncoder({...encoder, preprocessing})}`,
    );
  if (data !== undefined && data !== digest)
    throw new CaptionerError(
      'mismatch',
      `${run}: expected the captions it was trained on (${data.slice(0, 8)}), got others (${digest.slice(0, 8)}); the dataset or its features changed, so start a new run`,
    );
}

/**
 * Sets the mean and standard deviation with which the decoder standardises features to those of the training features.
 *
 * @throws CaptionerError `diverged` when features are not finite
 */
export function fitNormalization({features, decoder}: Parts, {training}: TrainingData): void {
  // A grid has many vectors, so fewer images suffice.
  const most = features.kind === 'grid' ? 200 : 2000;
  const first = new Set<string>();
  for (let at = 0; at < training.length && first.size < most; at++) first.add(training.id(at));
  const ids = [...first];
  tf.tidy(() => {
    const read = features.read(ids);
    const {mean, variance} = tf.moments(tf.reshape(read, [-1, features.depth]), 0);
    if (!Number.isFinite(variance.sum().dataSync()[0]))
      throw new CaptionerError(
        'diverged',
        `${features.folder}: expected finite features, got others for ${notFinite(ids, read).join(', ')}; build them again`,
      );
    decoder.featureNormalization.get('features.mean')?.assign(mean);
    decoder.featureNormalization.get('features.std')?.assign(tf.add(tf.sqrt(variance), 1e-3));
  });
}

/** Returns the ids of the images whose features contain NaN or infinity. */
export function notFinite(ids: readonly string[], features: tf.Tensor): string[] {
  const numbers = features.dataSync<'float32'>();
  const size = numbers.length / ids.length;
  const bad = ids.filter((_, at) => !numbers.subarray(at * size, (at + 1) * size).every(Number.isFinite));
  return [...new Set(bad)];
}
