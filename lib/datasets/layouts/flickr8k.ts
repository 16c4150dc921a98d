/**
 * Flickr8k (Hodosh et al. 2013) in its two published layouts: the original with a token file and the official split files, and Kaggle's
 * with one CSV file. Split files are used in both.
 */
import {CaptionerError} from '../../errors';
import type {Format} from '../formats/read-captions';
import {kaggleCaptions, kaggleHeader, numberedHeader, tokenCaptions} from '../formats/flickr';
import {eachLine} from '../../files/lines';
import type {Split} from '../dataset';
import {assembleDataset, collectCaptions} from '../assemble-dataset';
import {findImageFolder, ImageFolders, isFolder} from '../image-folders';
import {join} from 'node:path';
import {firstLine, firstOf, type Layout} from './layout';

export const flickr8kImages = ['Images', 'images', 'Flicker8k_Dataset', 'Flickr8k_Dataset'] as const;
/** Image folders of Flickr30k. */
export const flickr30kFolders = ['flickr30k_images', 'flickr30k-images'] as const;
const textFolder = 'Flickr8k_text';
const splitFiles = {
  train: 'Flickr_8k.trainImages.txt',
  validation: 'Flickr_8k.devImages.txt',
  test: 'Flickr_8k.testImages.txt',
} as const;

export const flickr8k: Layout = layout('flickr8k', 'Flickr8k', 'Flickr8k.token.txt', tokenCaptions);
export const kaggleFlickr8k: Layout = layout(
  'flickr8k-kaggle',
  'Flickr8k in the Kaggle layout',
  'captions.txt',
  kaggleCaptions,
  // Other datasets have a file of this name too.
  (folder, file) =>
    (flickr8kImages.some((name) => isFolder(join(folder, name))) && !numberedHeader.test(firstLine(file))) ||
    (kaggleHeader.test(firstLine(file)) && !flickr30kFolders.some((name) => isFolder(join(folder, name)))),
);

function layout(
  id: string,
  name: string,
  file: string,
  format: Format,
  confirm: (folder: string, file: string) => boolean = () => true,
): Layout {
  const find = (folder: string): string | undefined => textFile(folder, file);
  return {
    name: `${name} (${file})`,
    found: (folder) => {
      const found = find(folder);
      return found !== undefined && confirm(folder, found);
    },
    read: async (folder, onProgress) => {
      const folders = new ImageFolders(folder, [findImageFolder(folder, flickr8kImages)]);
      const captions = await collectCaptions([{file: find(folder)!, format}], folders, onProgress);
      return assembleDataset(id, folder, captions, await officialSplit(folder));
    },
  };
}

/** Finds a text file of the archive, in the folder or in Flickr8k_text. */
function textFile(folder: string, file: string): string | undefined {
  return firstOf(folder, [file, `${textFolder}/${file}`]);
}

/**
 * Reads the official split files.
 *
 * @returns undefined if there are none.
 * @throws CaptionerError `dataset` if an image has two splits.
 */
async function officialSplit(folder: string): Promise<((id: string) => Split | undefined) | undefined> {
  const splitOf = new Map<string, Split>();
  let official = false;
  for (const [split, file] of Object.entries(splitFiles) as [Split, string][]) {
    const path = textFile(folder, file);
    if (path === undefined) continue;
    official = true;
    const names = new Set<string>();
    await eachLine(path, (line) => names.add(line.trim()));
    for (const id of names) {
      const other = splitOf.get(id);
      if (other !== undefined)
        throw new CaptionerError(
          'dataset',
          `${path}: expected ${id} in one split, but ${splitFiles[other]} names it too`,
        );
      splitOf.set(id, split);
    }
  }
  return official ? (id) => splitOf.get(id) : undefined;
}
