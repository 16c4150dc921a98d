/** A custom dataset: a folder of images and one file of captions, whose columns are found by their names. */
import {readdirSync} from 'node:fs';
import {extname, join} from 'node:path';
import {CaptionerError} from '../../errors';
import type {Format} from '../formats/read-captions';
import {jsonLines} from '../formats/json-lines';
import {tableCaptions} from '../formats/csv';
import {assembleDataset, collectCaptions} from '../assemble-dataset';
import {ImageFolders, isFolder} from '../image-folders';
import type {Layout} from './layout';

const formats: ReadonlyMap<string, Format> = new Map([
  ['.csv', tableCaptions],
  ['.tsv', tableCaptions],
  ['.jsonl', jsonLines],
]);

export const custom: Layout = {
  name: 'captions of your own (a .csv, .tsv or .jsonl file)',
  found: (folder) => isFolder(folder) && candidates(folder).length > 0,
  read: async (folder, onProgress) => {
    const name = choose(folder);
    const subfolders = readdirSync(folder).filter((entry) => /^images$/i.test(entry));
    const folders = new ImageFolders(folder, [folder, ...subfolders.map((entry) => join(folder, entry))]);
    const source = {file: join(folder, name), format: formats.get(extension(name))!};
    return assembleDataset('own', folder, await collectCaptions([source], onProgress), folders);
  },
};

const extension = (name: string): string => extname(name).toLowerCase();

/** Lists possible caption files. Hidden files are skipped, since macOS adds one beside each file. */
function candidates(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => formats.has(extension(name)) && !name.startsWith('.'))
    .sort();
}

function choose(folder: string): string {
  const all = candidates(folder);
  const preferred = all.filter((name) => /^(captions|metadata)\.[^.]+$/i.test(name));
  const [name, other] = all.length > 1 && preferred.length > 0 ? preferred : all;
  if (name === undefined || other !== undefined)
    throw new CaptionerError(
      'dataset',
      `${folder}: expected one file of captions, found ${all.join(', ')}; name the right one captions${extension(name ?? '.csv')} or leave only it`,
    );
  return name;
}
