/** COCO captions (Chen et al. 2015) of 2014 and 2017: training and validation files, without a test split. */
import {join} from 'node:path';
import {CaptionerError} from '../../errors';
import {cocoCaptions} from '../formats/coco';
import type {Split} from '../dataset';
import {assembleDataset, collectCaptions, type CaptionSource} from '../assemble-dataset';
import {ImageFolders, isFolder} from '../image-folders';
import {firstOf, type Layout} from './layout';

const years = ['2014', '2017'] as const;
type Year = (typeof years)[number];
const parts: readonly {readonly part: string; readonly split: Split}[] = [
  {part: 'train', split: 'train'},
  {part: 'val', split: 'validation'},
];

interface Source extends Omit<CaptionSource, 'within'> {
  /** Name of its image folder. */
  readonly images: string;
}

export const coco: Layout = {
  name: 'COCO (annotations/captions_train2014.json, captions_val2017.json and their like)',
  found: (folder) => years.some((year) => sourcesOf(folder, year).length > 0),
  read: async (folder, onProgress) => {
    const sources = sourcesOf(folder, yearOf(folder));
    const found = cocoFolders(
      folder,
      sources.map(({images}) => images),
    );
    const placed = sources.map((source) => ({...source, within: imageFolders(folder, [source.images])}));
    return assembleDataset('coco', folder, await collectCaptions(placed, found, onProgress));
  },
};

/**
 * Finds the image folders.
 *
 * @param names Names of the folders, such as `train2014`.
 * @throws CaptionerError `dataset` if there is none.
 */
export function cocoFolders(folder: string, names: readonly string[]): ImageFolders {
  const found = imageFolders(folder, names);
  if (found.length > 0) return new ImageFolders(folder, [...found, folder]);
  throw new CaptionerError(
    'dataset',
    `${folder}: expected a folder ${names.join(' or ')} with the images, there or in images/, found none`,
  );
}

/** Returns the folders of these names, there or in `images`, also nested in others of their name. */
export function imageFolders(folder: string, names: readonly string[]): string[] {
  return names
    .flatMap((name) => [name, `images/${name}`, `${name}/${name}`])
    .map((name) => join(folder, name))
    .filter(isFolder);
}

function sourcesOf(folder: string, year: Year): Source[] {
  return parts.flatMap(({part, split}) => {
    const name = `captions_${part}${year}.json`;
    const file = firstOf(folder, [`annotations/${name}`, name]);
    return file === undefined ? [] : [{file, format: cocoCaptions, split, images: `${part}${year}`}];
  });
}

/** Chooses a year. Both have the same images under different names, so reading both would put some into two splits. */
function yearOf(folder: string): Year {
  const present = years.filter((year) => sourcesOf(folder, year).length > 0);
  const [year, other] = present.filter((one) => {
    const names = sourcesOf(folder, one).map(({images}) => images);
    return present.length === 1 || imageFolders(folder, names).length > 0;
  });
  if (year === undefined || other !== undefined)
    throw new CaptionerError(
      'dataset',
      `${folder}: expected the captions and images of 2014 or those of 2017, found ${other ? 'both' : 'captions of both and images of neither'}`,
    );
  return year;
}
