/**
 * Flickr8k (Hodosh, Young and Hockenmaier 2013) in its two published layouts: the corpus's own, with a token file and the
 * official split files, and Kaggle's, with one CSV. Split files count wherever they lie.
 */
import {createHash} from 'node:crypto';
import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {readKaggleCaptions, readNames, readTokenCaptions, type CaptionFile} from './captions';
import type {CaptionedImage, Dataset, Split} from './dataset';

const tokenFile = 'Flickr8k.token.txt';
const kaggleFile = 'captions.txt';
const imageFolders = ['Images', 'Flicker8k_Dataset', 'Flickr8k_Dataset'] as const;
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

/** @throws CaptionerError `dataset` when there are no images; `captions` when the caption file is not one. */
function read(layout: string, folder: string, {lines, rejected}: CaptionFile): Dataset {
  const imageFolder = imageFolders.map((name) => join(folder, name)).find(existsSync);
  if (imageFolder === undefined)
    throw new CaptionerError('dataset', `${folder}: expected a folder ${imageFolders.join(' or ')} with the photographs, found none`);
  const present = new Set(readdirSync(imageFolder));

  const captions = new Map<string, string[]>();
  for (const {image, caption} of lines) {
    const list = captions.get(image);
    if (list) list.push(caption);
    else captions.set(image, [caption]);
  }
  const splitOf = splitBy(folder);
  const images: CaptionedImage[] = [];
  const missing: string[] = [];
  for (const [id, list] of captions) {
    const split = splitOf(id);
    if (split === undefined) continue; // in no official split
    if (present.has(id)) images.push({id, file: join(imageFolder, id), split, captions: list});
    else missing.push(id);
  }
  if (images.length === 0)
    throw new CaptionerError('dataset', `${imageFolder}: expected the photographs that the captions name, found none of ${captions.size}`);
  return {layout, folder, images, rejected, missing};
}

/** The official split where its files are, else one in ten for validation and for test each, by hash of the name. */
function splitBy(folder: string): (id: string) => Split | undefined {
  const found = Object.entries(splitFiles).filter(([, name]) => existsSync(join(folder, name)));
  if (found.length > 0) {
    const sets = found.map(([split, name]) => [split as Split, readNames(join(folder, name))] as const);
    return (id) => sets.find(([, names]) => names.has(id))?.[0];
  }
  return (id) => {
    const tenth = createHash('sha256').update(id).digest().readUInt32LE(0) % 10;
    return tenth === 0 ? 'validation' : tenth === 1 ? 'test' : 'train';
  };
}
