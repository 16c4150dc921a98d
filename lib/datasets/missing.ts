/** Images that captions name but that are not in the dataset's folder: says how many, and which file may be meant. */
import {CaptionerError} from '../errors';
import {nearest} from '../option-names';
import type {Dataset, Split} from './dataset';
import {ofSplit} from './image-list';

/** Maximum fraction of a split that may be missing where scores are computed. */
const missingTolerance = 0.01;
/** Comparing names takes long in folders with more files than this. */
const comparable = 20_000;

/**
 * Names up to three missing images, with the file nearest to the first: `a.jpg, b.jpg, c.jpg, … (nearest to a.jpg: a.jpeg)`.
 *
 * @param missing Their names, at least one.
 */
export function nameMissing(
  missing: readonly string[],
  {unreferenced}: Pick<Dataset, 'unreferenced'>,
): string {
  const names = missing.slice(0, 3).join(', ') + (missing.length > 3 ? ', …' : '');
  const near = unreferenced.length > comparable ? undefined : nearestFile(missing[0]!, unreferenced);
  return near === undefined ? names : `${names} (nearest to ${missing[0]!}: ${near})`;
}

/** Returns the missing images of a split, or all of them where a dataset doesn't tell them apart. */
export function missingOf({missing, missingBySplit}: Dataset, split: Split): readonly string[] {
  return missingBySplit?.[split] ?? missing;
}

/** Options of `checkMissing`. */
export interface MissingOptions {
  /** Whether more than one image in a hundred may be left out of scores. @default false */
  readonly allowMissing?: boolean;
}

/**
 * Checks that scores of a split are of nearly all its images.
 *
 * @returns What is missing: `1 of 500 test images missing: a.jpg`; undefined if nothing is.
 * @throws CaptionerError `dataset` when more than one in a hundred is missing, unless that is allowed
 * @example console.log(checkMissing(dataset, 'test') ?? 'No image is missing');
 */
export function checkMissing(
  dataset: Dataset,
  split: Split,
  options: MissingOptions = {},
): string | undefined {
  const missing = missingOf(dataset, split);
  if (missing.length === 0) return undefined;
  const present = ofSplit(dataset, split).length;
  const names = nameMissing(missing, dataset);
  checkLeftOut(`${dataset.folder}: ${split}`, missing.length, present, options, names);
  return `${missing.length} of ${missing.length + present} ${split} images missing: ${names}`;
}

/** @throws CaptionerError `dataset` when more than one image in a hundred is left out, unless that is allowed */
export function checkLeftOut(
  where: string,
  leftOut: number,
  scored: number,
  {allowMissing = false}: MissingOptions,
  names?: string,
): void {
  if (allowMissing || leftOut <= missingTolerance * (leftOut + scored)) return;
  throw new CaptionerError(
    'dataset',
    `${where}: expected at most 1 % of the images to be missing or unreadable, got ${leftOut} of ${leftOut + scored}${names === undefined ? '' : ` (${names})`}; to score the others, add --allow-missing (\`allowMissing\`)`,
  );
}

function nearestFile(name: string, files: readonly string[]): string | undefined {
  const own = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  // Nearest of all: the same name with an ending.
  const ended = files.find((file) => own(file).replace(/\.[^.]+$/, '') === own(name));
  if (ended !== undefined) return ended;
  const close = files.filter((file) => Math.abs(own(file).length - own(name).length) <= own(name).length / 3);
  const found = nearest(own(name), close.map(own));
  return close.find((file) => own(file) === found);
}
