/** A short identity of a data set: equal fingerprints mean the same images, captions and splits. */
import {createHash} from 'node:crypto';
import type {Dataset} from './dataset';

/**
 * Returns the SHA-256 of a data set's file names, splits and captions, in the order of the data set. The images themselves are not read.
 */
export function datasetFingerprint({images}: Pick<Dataset, 'images'>): string {
  const hash = createHash('sha256');
  for (const {id, split, captions} of images) hash.update(`${JSON.stringify([id, split, captions])}\n`);
  return hash.digest('hex');
}
