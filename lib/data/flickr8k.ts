/**
 * Flickr8k (Hodosh, Young and Hockenmaier 2013) in its two published layouts: the corpus's own, with a token file and the
 * official split files, and Kaggle's, with one CSV. Split files count wherever they lie.
 */
import {createHash} from 'node:crypto';
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {readKaggleCaptions, readNames, readTokenCaptions, type CaptionFile} from './captions';
import type {CaptionedImage, Dataset, Split} from './dataset';

const tokenFile = 'Flickr8k.token.txt';
const kaggleFile = 'captions.txt';
const imageFolders = ['Images', 'images', 'Flicker8k_Dataset', 'Flickr8k_Dataset'] as const;
const splitFiles = {
  train: 'Flickr_8k.trainImages.txt',
  validation: 'Flickr_8k.devImages.txt',
  test: 'Flickr_8k.testImages.txt',
} as const;

export const isFlickr8k = (folder: string): boolean => existsSync(join(folder, tokenFile));
export const isKaggleFlickr8k = (folder: string): boolean => existsSync(join(folder, kaggleFile));

export const readFlickr8k = (folder: string): Dataset =>
  read('flickr8k', folder, readTokenCaptions(join(folder, tokenFile)));
export const readKaggleFlickr8k = (folder: string): Dataset =>
  read('flickr8k-kaggle', folder, readKaggleCaptions(join(folder, kaggleFile)));

/** @throws CaptionerError `dataset` when there are no images, or an image has two splits. */
function read(layout: string, folder: string, {lines, rejected}: CaptionFile): Dataset {
  const fail = (message: string): never => {
    throw new CaptionerError('dataset', `${folder}: ${message}`);
  };
  const imageFolder = imageFolders
    .map((name) => join(folder, name))
    .find((path) => statSync(path, {throwIfNoEntry: false})?.isDirectory());
  if (imageFolder === undefined)
    return fail(`expected a folder ${imageFolders.join(' or ')} with the photographs, found none`);
  const present = new Set(readdirSync(imageFolder));

  const captions = new Map<string, string[]>();
  for (const {image, caption} of lines) {
    const list = captions.get(image);
    if (list) list.push(caption);
    else captions.set(image, [caption]);
  }
  if (captions.size === 0) return fail('expected captions, found none');

  const splitOf = splitBy(folder);
  const images: CaptionedImage[] = [];
  const missing: string[] = [];
  for (const [id, list] of captions) {
    const split = splitOf(id);
    if (split === undefined) continue; // the corpus has a few that no official split uses
    if (present.has(id)) images.push({id, file: join(imageFolder, id), split, captions: list});
    else missing.push(id);
  }
  if (images.length === 0 && missing.length === 0)
    return fail(`expected the split files to name images with captions, found none of ${captions.size}`);
  if (images.length === 0)
    return fail(
      `expected the photographs that the captions name in ${imageFolder}, found none of ${missing.length} (first: ${missing[0]})`,
    );
  return {layout, folder, images, rejected, missing};
}

/** The official split where its files are, else one in ten for validation and for test each, by hash of the name. */
function splitBy(folder: string): (id: string) => Split | undefined {
  const splitOf = new Map<string, Split>();
  let official = false;
  for (const [split, name] of Object.entries(splitFiles) as [Split, string][]) {
    if (!existsSync(join(folder, name))) continue;
    official = true;
    for (const id of readNames(join(folder, name))) {
      const other = splitOf.get(id);
      if (other !== undefined)
        throw new CaptionerError(
          'dataset',
          `${join(folder, name)}: expected ${id} in one split, but ${splitFiles[other]} names it too`,
        );
      splitOf.set(id, split);
    }
  }
  return official ? (id) => splitOf.get(id) : splitByHash;
}

function splitByHash(id: string): Split {
  const tenth = createHash('sha256').update(id).digest().readUInt32LE(0) % 10;
  return tenth === 0 ? 'validation' : tenth === 1 ? 'test' : 'train';
}
