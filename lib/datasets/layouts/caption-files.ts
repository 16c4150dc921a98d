/** Finds the caption files of a custom dataset: one table for all images, or one for each split. */
import {readdirSync} from 'node:fs';
import {basename, extname, join} from 'node:path';
import {CaptionerError} from '../../errors';
import type {CaptionSource} from '../assemble-dataset';
import {splitNamed, splits, type Split} from '../dataset';
import {cocoCaptions} from '../formats/coco';
import {tableCaptions} from '../formats/csv';
import {findColumns} from '../formats/fields';
import {jsonArray, jsonLines, jsonObject} from '../formats/json-lines';
import type {Format} from '../formats/read-captions';
import {imageFile, isFolder} from '../image-folders';
import {firstLine, headOf} from './layout';

const formats: ReadonlyMap<string, (file: string) => Format | undefined> = new Map([
  ['.csv', () => tableCaptions],
  ['.tsv', () => tableCaptions],
  ['.jsonl', () => jsonLines],
  ['.ndjson', () => jsonLines],
  ['.json', jsonFormat],
]);

/** Folders that tables may lie in, besides the dataset's own. */
const subfolders = ['annotations', 'captions'];

/** Tells JSON Lines, an array of objects, an object of images and COCO's form apart; undefined for JSON without captions, such as `package.json`. */
function jsonFormat(file: string): Format | undefined {
  const head = headOf(file).trimStart();
  if (head.startsWith('[')) return jsonArray;
  if (holdsCaption(firstLine(file))) return jsonLines;
  const [, first] = /^\{\s*"((?:[^"\\]|\\.)+)"\s*:/.exec(head) ?? [];
  if (first !== undefined && imageFile.test(first)) return jsonObject;
  return /^\{[^]*"(?:images|annotations|licenses|info)"\s*:/.test(head) ? cocoCaptions : undefined;
}

/** Whether a line is a JSON object with an image and a caption. */
function holdsCaption(line: string): boolean {
  try {
    return findColumns(Object.keys(JSON.parse(line) as object)) !== undefined;
  } catch {
    return false;
  }
}

function formatOf(file: string): Format | undefined {
  return formats.get(extname(file).toLowerCase())?.(file);
}

/** Lists possible caption files. Hidden files are skipped, since macOS adds one beside each file. */
function tablesIn(folder: string): string[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && formats.has(extname(name).toLowerCase()))
    .filter((name) => formatOf(join(folder, name)) !== undefined)
    .sort();
}

/** Whether a folder has caption files. */
export function hasCaptionFiles(folder: string): boolean {
  return (
    [folder, ...subfolders.map((name) => join(folder, name))].some((one) => tablesIn(one).length > 0) ||
    splitTables(folder).length > 0
  );
}

/**
 * Finds the caption files of a dataset: one table, called `captions` or `metadata` if there are several; or several that have the names of
 * splits, such as `train.csv`, `captions_val.json` and `test/metadata.jsonl`.
 *
 * @throws CaptionerError `dataset` if there are several and it isn't clear which to read.
 */
export function captionFiles(folder: string): CaptionSource[] {
  for (const place of [folder, ...subfolders.map((name) => join(folder, name))]) {
    const names = tablesIn(place);
    if (names.length > 0) return choose(folder, place, names);
  }
  return splitTables(folder);
}

function choose(folder: string, place: string, all: readonly string[]): CaptionSource[] {
  const one = (name: string): CaptionSource => ({
    file: join(place, name),
    format: formatOf(join(place, name))!,
  });
  const preferred = all.filter((name) => /^(captions|metadata)\.[^.]+$/i.test(name));
  const [name, other] = all.length > 1 && preferred.length > 0 ? preferred : all;
  if (name !== undefined && other === undefined && !(place !== folder && splitIn(name))) return [one(name)];
  const bySplit = captionsFirst(all).flatMap((table) => {
    const split = splitIn(table);
    return split ? [{...one(table), split, within: splitFolders(folder, split)}] : [];
  });
  if (bySplit.some(({split}) => split === 'train') || bySplit.length === all.length) return bySplit;
  throw new CaptionerError(
    'dataset',
    `${place}: expected one file of captions, found ${all.join(', ')}; name the right one captions${extname(name ?? '.csv').toLowerCase()}, or those of the splits train, val and test`,
  );
}

/** Keeps the files whose names speak of captions, where COCO's boxes lie beside them. */
function captionsFirst(all: readonly string[]): readonly string[] {
  const named = all.filter((name) => /caption/i.test(name) && splitIn(name));
  return named.length > 0 ? named : all;
}

/** Tables in folders that are named after splits, such as `train/metadata.csv`. */
function splitTables(folder: string): CaptionSource[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const split = splitNamed(name);
    const place = join(folder, name);
    if (split === undefined || !isFolder(place)) return [];
    const tables = tablesIn(place);
    const preferred = tables.find((table) => /^(captions|metadata)\.[^.]+$/i.test(table)) ?? tables[0];
    if (preferred === undefined) return [];
    const file = join(place, preferred);
    return [{file, format: formatOf(file)!, split, within: [place, join(place, 'images')].filter(isFolder)}];
  });
}

/** The split that a file or folder is named after: `train.csv`, `captions_val2014.json`; undefined for none, or several. */
export function splitIn(name: string): Split | undefined {
  const parts = basename(name, extname(name)).split(/[^a-z]+/i);
  const [split, other] = parts.flatMap((part) => splitNamed(part) ?? []);
  return other === undefined ? split : undefined;
}

/** Folders with the images of a split: `train`, `images/val`, `test/images`, `train2017`. */
export function splitFolders(folder: string, split: Split): string[] {
  const inside = (place: string): string[] =>
    isFolder(place)
      ? readdirSync(place)
          .filter((name) => splitIn(name) === split)
          .map((name) => join(place, name))
          .filter(isFolder)
      : [];
  const found = [...inside(folder), ...inside(join(folder, 'images'))];
  return found.flatMap((one) => [one, join(one, 'images')]).filter(isFolder);
}

/** Folders with the images of any split. */
export function allSplitFolders(folder: string): string[] {
  return splits.flatMap((split) => splitFolders(folder, split));
}
