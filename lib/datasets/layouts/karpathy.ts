/**
 * Karpathy's splits (Karpathy and Fei-Fei 2015) of Flickr8k, Flickr30k and COCO. One file defines captions and splits, and other caption
 * files are ignored. `restval` is used for training, as is customary.
 */
import {join} from 'node:path';
import {CaptionerError} from '../../errors';
import {karpathyCaptions} from '../formats/coco';
import {assembleDataset, collectCaptions} from '../assemble-dataset';
import {ImageFolders, imageFolderNamed} from '../image-folders';
import {imageFolders} from './coco';
import {flickr30kImages} from './flickr30k';
import {flickr8kImages} from './flickr8k';
import {firstOf, type Layout} from './layout';

const cocoNames = ['train2014', 'val2014'];
/** Returns the dataset's usual image folders, if they are there: a `filepath` may name any others. */
const imagesOf: Readonly<Record<string, (folder: string) => readonly string[]>> = {
  flickr8k: (folder) => [imageFolderNamed(folder, flickr8kImages) ?? folder],
  flickr30k: (folder) => [imageFolderNamed(folder, flickr30kImages) ?? folder],
  coco: (folder) => imageFolders(folder, cocoNames),
};
/** COCO's `filepath` names its folders; one of another folder is part of the image's name, and one that isn't there says nothing. */
function foldersOf(folder: string): (filepath: string) => readonly string[] | undefined {
  const known = new Map<string, readonly string[] | undefined>();
  return (filepath) => {
    if (!known.has(filepath)) {
      const found = imageFolders(folder, [filepath]);
      known.set(filepath, found.length > 0 && !cocoNames.includes(filepath) ? undefined : found);
    }
    return known.get(filepath);
  };
}

const fileOf = (set: string): string => `dataset_${set}.json`;

export const karpathy: Layout = {
  name: "Karpathy's splits (dataset_flickr8k.json, dataset_flickr30k.json, dataset_coco.json)",
  found: (folder) => firstOf(folder, Object.keys(imagesOf).map(fileOf)) !== undefined,
  read: async (folder, onProgress) => {
    const found = Object.entries(imagesOf).filter(([set]) => firstOf(folder, [fileOf(set)]) !== undefined);
    const [set, images] = found[0]!;
    if (found.length > 1)
      throw new CaptionerError(
        'dataset',
        `${folder}: expected one of Karpathy's files, found ${found.map(([one]) => fileOf(one)).join(', ')}`,
      );
    const folders = new ImageFolders(folder, [...new Set([...images(folder), folder])]);
    const format = karpathyCaptions(foldersOf(folder));
    const captions = await collectCaptions([{file: join(folder, fileOf(set)), format}], folders, onProgress);
    return assembleDataset(`karpathy-${set}`, folder, captions);
  },
};
