/** A checksum by which two people know that they have the same dataset. */
import {createHash} from 'node:crypto';
import type {Dataset} from './dataset';

/**
 * Returns the SHA-256 of a dataset's images, splits and captions, in their order. The images' contents aren't part of it, nor is the
 * folder: the same dataset has the same fingerprint on every machine.
 */
export function fingerprint({images}: Pick<Dataset, 'images'>): string {
  const hash = createHash('sha256');
  for (const {id, split, captions} of images) hash.update(`${JSON.stringify([id, split, captions])}\n`);
  return hash.digest('hex');
}
