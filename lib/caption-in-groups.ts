/**
 * Runs images through an encoder and a search, in groups: while one group is encoded and searched, sharp's threads decode the next ones.
 * Only a few groups are in memory at a time, however many images there are.
 */
import {encodeInSteps, type Encoder} from './encoders/encoder';
import {checkImages, imageName, type ImageInput} from './encoders/image-input';
import {toPixels} from './encoders/images';
import {CaptionerError} from './errors';
import {prefetchPixels} from './features/prefetch';
import {interruptible, runInSteps, type Interrupt} from './interrupt';
import {startProgress, type ProgressOptions} from './show-progress';
import {tf} from './tensorflow/tensorflow';

/** An image that could not be captioned. */
export interface Failed {
  /** Its path; the name of an image in memory. */
  readonly file: string;
  readonly error: CaptionerError;
}

/** Is given each result as soon as it is there, in the order of the images. */
export type OnResult<Result> = (result: Result | Failed) => void | Promise<void>;

/** How a group of images becomes results. */
export interface GroupSearch<Result> {
  readonly encoder: Encoder;
  /** Kind of features that the search reads. */
  readonly kind: 'grid' | 'pooled';
  /** Rows that the search has for each image. */
  readonly rows: number;
  /**
   * Searches the captions of a group; pauses between words.
   *
   * @param features Features of the group's images.
   * @param from Index of the first of them.
   */
  readonly search: (features: tf.Tensor, from: number) => Generator<void, Result[], void>;
}

/** Images encoded at once. */
const encoderBatch = 8;
/** The first group is small, so that its results come soon; each further one is twice as large, up to a limit. */
const firstGroup = 4;
const largestGroup = 64;
/** Rows times cells of a group. More takes longer in each step of the search, during which no other event gets through. */
const groupCells = 8192;

/**
 * Captions images. An image that can't be read does not affect the others.
 *
 * @throws CaptionerError `options` for what is no image; `stopped`; whatever `search` or `onResult` throws.
 */
export async function captionInGroups<Result extends object>(
  images: readonly ImageInput[],
  work: GroupSearch<Result>,
  onResult: OnResult<Result & {readonly file: string}>,
  options: ProgressOptions,
): Promise<void> {
  checkImages(images);
  let done = 0;
  const bar = startProgress(options, 'Captions', images.length);
  const all = async (interrupt: Interrupt): Promise<void> => {
    const pause = async (): Promise<void> => {
      await interrupt.pause();
      interrupt.throwIfRequested();
      await bar.update(done);
    };
    const decoded = prefetchPixels(images, work.encoder.preprocessing, encoderBatch);
    try {
      for (let size = firstGroup; done < images.length; size = Math.min(2 * size, groupLimit(work))) {
        await pause();
        const group = images.slice(done, done + size);
        const read: (Uint8Array | CaptionerError)[] = [];
        while (read.length < group.length)
          read.push((await decoded.next()).value as Uint8Array | CaptionerError);
        const found = await searchGroup(read, done, work, pause);
        for (const [at, pixels] of read.entries()) {
          const file = imageName(group[at]!, done);
          await onResult(pixels instanceof CaptionerError ? {file, error: pixels} : {file, ...found[at]!});
          done++;
        }
      }
    } finally {
      await decoded.return(undefined);
    }
    await bar.update(done);
  };
  try {
    await interruptible(all, {stopped: () => `after ${done} of ${images.length} images`, resumes: false});
  } finally {
    await bar.finish();
  }
}

function groupLimit<Result>({encoder, kind, rows}: GroupSearch<Result>): number {
  const cells = kind === 'grid' ? encoder.cells : 1;
  return Math.max(1, Math.min(largestGroup, Math.floor(groupCells / (cells * rows))));
}

async function searchGroup<Result>(
  read: readonly (Uint8Array | CaptionerError)[],
  from: number,
  work: GroupSearch<Result>,
  pause: () => Promise<void>,
): Promise<Result[]> {
  const {size} = work.encoder.preprocessing;
  // An image that can't be read is replaced by a black one, so that the samples of the others do not change.
  const black = new Uint8Array(size * size * 3);
  const all = read.map((pixels) => (pixels instanceof CaptionerError ? black : pixels));
  if (all.every((pixels) => pixels === black)) return [];
  const features = await encodeGroup(all, work, pause);
  try {
    return await runInSteps(work.search(features, from), pause);
  } finally {
    features.dispose();
  }
}

async function encodeGroup<Result>(
  images: readonly Uint8Array[],
  {encoder, kind}: GroupSearch<Result>,
  pause: () => Promise<void>,
): Promise<tf.Tensor> {
  const parts: tf.Tensor[] = [];
  try {
    for (let from = 0; from < images.length; from += encoderBatch) {
      const pixels = toPixels(images.slice(from, from + encoderBatch), encoder.preprocessing.size);
      try {
        const {grid, pooled} = await runInSteps(encodeInSteps(encoder, pixels), pause);
        parts.push(kind === 'grid' ? grid : pooled);
        (kind === 'grid' ? pooled : grid).dispose();
      } finally {
        pixels.dispose();
      }
    }
    return tf.concat(parts);
  } finally {
    tf.dispose(parts);
  }
}
