/** A custom dataset: a folder of images and one file of captions, or one for each split. Columns are found by their names. */
import {readdirSync} from 'node:fs';
import {basename, join} from 'node:path';
import {splitNamed, type Split} from '../dataset';
import {assembleDataset, collectCaptions, splitByHash} from '../assemble-dataset';
import {ImageFolders, isFolder} from '../image-folders';
import {allSplitFolders, captionFiles, hasCaptionFiles} from './caption-files';
import type {Layout} from './layout';

export const custom: Layout = {
  name: "captions of your own (a .csv, .tsv or .jsonl file, or a .json file with an array, with captions under the names of images, or in COCO's form)",
  found: (folder) => isFolder(folder) && hasCaptionFiles(folder),
  read: async (folder, onProgress) => {
    const sources = captionFiles(folder);
    const images = readdirSync(folder).filter((entry) => /^images$/i.test(entry));
    const parts = sources.some(({split}) => split) ? allSplitFolders(folder) : [];
    const own = sources.flatMap(({within = []}) => within);
    const places = [folder, ...images.map((entry) => join(folder, entry)), ...parts, ...own];
    const folders = new ImageFolders(folder, [...new Set(places)]);
    const captions = await collectCaptions(sources, folders, onProgress);
    const isMetadata = /^metadata\./i.test(basename(sources[0]!.file));
    return assembleDataset('own', folder, captions, isMetadata ? splitByFolder : splitByHash);
  },
};

/** Hugging Face's image folders have a folder for each split. */
function splitByFolder(id: string): Split {
  const [first = '', ...others] = id.split('/');
  return (others.length > 0 ? splitNamed(first) : undefined) ?? splitByHash(id);
}
