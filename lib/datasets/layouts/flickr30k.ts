/** Flickr30k (Young, Lai, Hodosh and Hockenmaier 2014), with its own token file or with Kaggle's CSV; neither has a split. */
import {join} from 'node:path';
import type {Format} from '../formats/read-captions';
import {kaggleResults, tokenCaptions} from '../formats/flickr';
import {assembleDataset, collectCaptions} from '../assemble-dataset';
import {findImageFolder, ImageFolders, isFolder} from '../image-folders';
import {firstOf, type Layout} from './layout';

const ownFolders = ['flickr30k_images', 'flickr30k-images'] as const;
export const flickr30kImages: readonly string[] = [...ownFolders, 'Images', 'images'];

const tokenFile = 'results_20130124.token';
const kaggleFile = 'results.csv';

export const flickr30k: Layout = layout('flickr30k', 'Flickr30k', tokenFile, tokenCaptions, () => true);
/** Kaggle's name for the captions could be anybody's, so the folder of the photographs counts too. */
export const kaggleFlickr30k: Layout = layout(
  'flickr30k-kaggle',
  'Flickr30k as Kaggle has it',
  kaggleFile,
  kaggleResults,
  (folder) => ownFolders.some((name) => isFolder(join(folder, name))),
);

function layout(
  id: string,
  name: string,
  file: string,
  format: Format,
  also: (folder: string) => boolean,
): Layout {
  const find = (folder: string): string | undefined =>
    firstOf(folder, [file, ...ownFolders.flatMap((own) => [`${own}/${file}`, `${own}/${own}/${file}`])]);
  return {
    name: `${name} (${file})`,
    found: (folder) => find(folder) !== undefined && also(folder),
    read: async (folder, onProgress) => {
      const folders = new ImageFolders(folder, [findImageFolder(folder, flickr30kImages)]);
      return assembleDataset(
        id,
        folder,
        await collectCaptions([{file: find(folder)!, format}], onProgress),
        folders,
      );
    },
  };
}
