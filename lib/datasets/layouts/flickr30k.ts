/** Flickr30k (Young et al. 2014), with its original token file or with Kaggle's CSV file. Neither defines splits. */
import {join} from 'node:path';
import type {Format} from '../formats/read-captions';
import {kaggleResults, tokenCaptions} from '../formats/flickr';
import {assembleDataset, collectCaptions} from '../assemble-dataset';
import {findImageFolder, ImageFolders, isFolder} from '../image-folders';
import {firstOf, type Layout} from './layout';

const originalFolders = ['flickr30k_images', 'flickr30k-images'] as const;
export const flickr30kImages: readonly string[] = [...originalFolders, 'Images', 'images'];

const tokenFile = 'results_20130124.token';
const kaggleFile = 'results.csv';

export const flickr30k: Layout = layout('flickr30k', 'Flickr30k', tokenFile, tokenCaptions, () => true);
/** Kaggle's file name, results.csv, is too common to identify the dataset, so the image folder must match, too. */
export const kaggleFlickr30k: Layout = layout(
  'flickr30k-kaggle',
  'Flickr30k in the Kaggle layout',
  kaggleFile,
  kaggleResults,
  (folder) => originalFolders.some((name) => isFolder(join(folder, name))),
);

function layout(
  id: string,
  name: string,
  file: string,
  format: Format,
  confirm: (folder: string) => boolean,
): Layout {
  const find = (folder: string): string | undefined =>
    firstOf(folder, [
      file,
      ...originalFolders.flatMap((name) => [`${name}/${file}`, `${name}/${name}/${file}`]),
    ]);
  return {
    name: `${name} (${file})`,
    found: (folder) => find(folder) !== undefined && confirm(folder),
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
