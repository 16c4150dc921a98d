/** Image sets in tar archives, as WebDataset has them and large sets are published: in a folder, or on a server that sends ranges. */
import {readdirSync} from 'node:fs';
import {basename, dirname, join, sep} from 'node:path';
import {CaptionerError} from '../../errors';
import {isAddress} from '../../files/byte-source';
import {assembleDataset, collectCaptions, splitByHash, type ImagePlaces} from '../assemble-dataset';
import type {Dataset, Split} from '../dataset';
import {tarCaptions} from '../formats/tar-captions';
import {isFolder} from '../image-folders';
import {splitIn} from './caption-files';
import type {Layout} from './layout';

/** Archives of one pattern. */
const mostArchives = 100_000;

export const webdataset: Layout = {
  name: 'tar archives as WebDataset has them (.tar)',
  found: (folder) => isFolder(folder) && archivesIn(folder).length > 0,
  read: (folder, onProgress) => readArchives(folder, archivesIn(folder), onProgress),
};

/** Whether a dataset is named by an archive or a pattern of archives: `set/{00000..00099}.tar`, on disk or on a server. */
export function isTarPattern(location: string): boolean {
  return /\.tar$/i.test(location) && !isFolder(location);
}

/**
 * Reads the dataset of an archive, or of those that a pattern with numbers in braces stands for.
 *
 * @throws CaptionerError `dataset`, `captions`, `archive`, `not-found`, `download`
 */
export function readTarPattern(
  location: string,
  onProgress?: Parameters<Layout['read']>[1],
): Promise<Dataset> {
  const files = expandBraces(location);
  const folder = isAddress(location) ? location.slice(0, location.lastIndexOf('/')) : dirname(location);
  return readArchives(
    folder,
    files.map((file) => file.slice(folder.length + 1)),
    onProgress,
  );
}

/** @param names Archives, relative to the folder. */
async function readArchives(
  folder: string,
  names: readonly string[],
  onProgress: Parameters<Layout['read']>[1],
): Promise<Dataset> {
  const under = (name: string): string => (isAddress(folder) ? `${folder}/${name}` : join(folder, name));
  const format = tarCaptions((archive, member) => `${archive.slice(folder.length + 1)}/${member}`);
  const splits = names.map(splitOf);
  const sources = names.map((name, at) => ({
    file: under(name),
    format,
    ...(splits[at] && {split: splits[at]}),
  }));
  const collected = await collectCaptions(sources, new TarPlaces(folder), onProgress);
  return assembleDataset('webdataset', folder, collected, splitByHash);
}

/** Images in archives: those of members that were listed with their captions. */
class TarPlaces implements ImagePlaces {
  constructor(readonly where: string) {}

  local(name: string): string {
    return name;
  }

  find(name: string): {readonly id: string; readonly file: string} {
    return {id: name, file: `${this.where}${isAddress(this.where) ? '/' : sep}${name}`};
  }

  unreferenced(): string[] {
    return [];
  }
}

/** The split that an archive or its folder is named after: `train-00000.tar`, `val/00000.tar`. */
function splitOf(name: string): Split | undefined {
  const folder = dirname(name);
  return splitIn(basename(name)) ?? (folder === '.' ? undefined : splitIn(folder));
}

/** Archives in a folder and in those below it, one level deep. */
function archivesIn(folder: string): string[] {
  const listed = readdirSync(folder, {withFileTypes: true});
  const inside = listed.flatMap(({name}) =>
    isFolder(join(folder, name)) ? readdirSync(join(folder, name)).map((one) => `${name}/${one}`) : [name],
  );
  return inside.filter((name) => /\.tar$/i.test(name) && !basename(name).startsWith('.')).sort();
}

/** Writes out numbers in braces: `{000..002}` is 000, 001 and 002. */
function expandBraces(pattern: string): string[] {
  const [range, low, high] = /\{(\d+)\.\.(\d+)\}/.exec(pattern) ?? [];
  if (range === undefined) return [pattern];
  const count = Number(high) - Number(low) + 1;
  if (!(count >= 1 && count <= mostArchives))
    throw new CaptionerError(
      'dataset',
      `${pattern}: expected up to ${mostArchives} archives from the lower to the higher number, got ${count}`,
    );
  return Array.from({length: count}, (_, at) =>
    pattern.replace(range, String(Number(low) + at).padStart(low!.length, '0')),
  ).flatMap(expandBraces);
}
