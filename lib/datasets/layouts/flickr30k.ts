/** Flickr30k (Young et al. 2014), with its original token file or with a CSV file, as on Kaggle. Neither defines splits. */
import type {Format} from '../formats/read-captions';
import {
  kaggleCaptions,
  kaggleHeader,
  kaggleResults,
  numberedCaptions,
  numberedHeader,
  tokenCaptions,
} from '../formats/flickr';
import {assembleDataset, collectCaptions} from '../assemble-dataset';
import {findImageFolder, ImageFolders, isFolder} from '../image-folders';
import {join} from 'node:path';
import {flickr30kFolders} from './flickr8k';
import {firstLine, firstOf, type Layout} from './layout';

export const flickr30kImages: readonly string[] = [...flickr30kFolders, 'Images', 'images'];

export const flickr30k: Layout = layout(
  'flickr30k',
  'Flickr30k (results_20130124.token)',
  ['results_20130124.token'],
  () => tokenCaptions,
);
/** Kaggle's file names are too common to identify the dataset, so the header or the image folder must match, too. */
export const kaggleFlickr30k: Layout = layout(
  'flickr30k-kaggle',
  'Flickr30k in the Kaggle layout (results.csv or captions.txt)',
  ['results.csv', 'captions.txt', 'captions.csv'],
  (file, folder) => {
    const header = firstLine(file);
    if (numberedHeader.test(header)) return header.includes('|') ? kaggleResults : numberedCaptions;
    if (!flickr30kFolders.some((name) => isFolder(join(folder, name)))) return undefined;
    return kaggleHeader.test(header) ? kaggleCaptions : kaggleResults;
  },
);

/** @param formatOf Returns the format of a file in a dataset's folder; undefined if it isn't of this layout. */
function layout(
  id: string,
  name: string,
  files: readonly string[],
  formatOf: (file: string, folder: string) => Format | undefined,
): Layout {
  const folders = ['', ...flickr30kImages.flatMap((one) => [`${one}/`, `${one}/${one}/`])];
  const find = (folder: string): {file: string; format: Format} | undefined => {
    for (const one of files) {
      const file = firstOf(
        folder,
        folders.map((inside) => `${inside}${one}`),
      );
      const format = file && formatOf(file, folder);
      if (file !== undefined && format) return {file, format};
    }
    return undefined;
  };
  return {
    name,
    found: (folder) => find(folder) !== undefined,
    read: async (folder, onProgress) => {
      const images = new ImageFolders(folder, [findImageFolder(folder, flickr30kImages)]);
      return assembleDataset(id, folder, await collectCaptions([find(folder)!], images, onProgress));
    },
  };
}
