/** Checksums of image files, by which a store knows the images that it has. */
import {readImageFile} from '../encoders/images';
import {sha256} from '../files/atomic';
import {interruptible} from '../interrupt';
import {later, startProgress, type ProgressDisplay} from '../show-progress';
import type {ImageFile} from './prefetch';

/** Files read at once. */
const readers = 8;

/**
 * @returns SHA-256 of each image's bytes, by its id; a file that can't be read has none.
 * @throws CaptionerError `stopped`
 */
export async function digestsOf(
  images: readonly ImageFile[],
  progress: ProgressDisplay | undefined,
): Promise<Map<string, string>> {
  const bar = startProgress({progress: progress && later(progress)}, 'Comparing images', images.length);
  const digests = new Map<string, string>();
  const waiting = images.values();
  let done = 0;
  const stopped = (): string => `after comparing ${done} of ${images.length} images with those stored`;
  try {
    await interruptible(
      async (interrupt) => {
        const work = async (): Promise<void> => {
          for (const {id, file} of waiting) {
            const bytes = await readImageFile(file).catch(() => undefined);
            if (bytes) digests.set(id, sha256(bytes));
            await bar.update(++done);
            interrupt.throwIfRequested();
          }
        };
        await Promise.all(Array.from({length: readers}, work));
      },
      {stopped},
    );
  } finally {
    await bar.finish();
  }
  return digests;
}
