/**
 * Karpathy's splits (Karpathy and Fei-Fei 2015) of Flickr8k, Flickr30k and COCO. One file defines captions and splits, and other caption
 * files are ignored. `restval` is used for training, as is customary.
 */
import {join} from 'node:path';
import {CaptionerError} from '../../errors';
import {karpathyCaptions} from '../formats/coco';
import {assembleDataset, collectCaptions} from '../assemble-dataset';
import {findImageFolder, ImageFolders} from '../image-folders';
import {cocoFolders} from './coco';
import {flickr30kImages} from './flickr30k';
import {flickr8kImages} from './flickr8k';
import {firstOf, type Layout} from './layout';

const imagesOf: Readonly<Record<string, (folder: string) => ImageFolders>> = {
  flickr8k: (folder) => new ImageFolders(folder, [findImageFolder(folder, flickr8kImages)]),
  flickr30k: (folder) => new ImageFolders(folder, [findImageFolder(folder, flickr30kImages)]),
  coco: (folder) => cocoFolders(folder, ['train2014', 'val2014']),
};
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
    const folders = images(folder);
    const captions = await collectCaptions(
      [{file: join(folder, fileOf(set)), format: karpathyCaptions}],
      onProgress,
    );
    return assembleDataset(`karpathy-${set}`, folder, captions, folders);
  },
};
