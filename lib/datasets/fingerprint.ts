/** A checksum by which two people know that they have the same data set. */
import {createHash} from 'node:crypto';
import type {Dataset} from './dataset';

/**
 * Returns the SHA-256 of a data set's images, splits and captions, in their order. The images' contents aren't part of it, nor is the
 * folder: the same data set has the same fingerprint on every machine.
 */
export function fingerprint({images}: Pick<Dataset, 'images'>): string {
  const hash = createHash('sha256');
  for (const {id, split, captions} of images) hash.update(`${JSON.stringify([id, split, captions])}\n`);
  return hash.digest('hex');
}
