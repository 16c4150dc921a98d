/** Reads COCO's and Karpathy's caption files, one JSON object each. Line numbers are the numbers of elements in their list. */
import {withoutEndSlashes} from '../../description';
import {quoteValue} from '../../quote-value';
import type {CaptionLine, Format} from './read-captions';
import type {Split} from '../dataset';
import {eachElement} from './json';

/**
 * Reads files such as `captions_train2014.json`: `images` with file names and `annotations` with captions, in either order. Line numbers
 * count annotations, or images if the reason begins with `images`.
 */
export const cocoCaptions: Format = async (file, take, onBytes) => {
  const images = new Map<number | string, {readonly name: string; readonly number: number | undefined}>();
  /** Annotations read before their image, or without one. */
  const early: {readonly at: number; readonly id: number | string; readonly caption: string}[] = [];

  const addImage = (element: unknown, at: number): void => {
    const {id, file_name: name} = fields(element);
    if (!isKey(id) || typeof name !== 'string')
      return take(at, 'images: expected an id and a file_name, got another form');
    if (images.has(keyOf(id))) return take(at, `images: expected each id once, got ${id} again`);
    images.set(keyOf(id), {name, number: numberOf(id)});
  };
  const addCaption = (id: number | string, caption: string, at: number): boolean => {
    const image = images.get(keyOf(id));
    if (image !== undefined) take(at, {image: image.name, caption, number: image.number});
    return image !== undefined;
  };

  await eachElement(
    file,
    ['images', 'annotations'],
    (list, element, at) => {
      if (list === 'images') return addImage(element, at);
      const {image_id: id, caption} = fields(element);
      if (!isKey(id) || typeof caption !== 'string')
        return take(at, 'expected an image_id and a caption, got another form');
      if (!addCaption(id, caption, at)) early.push({at, id, caption});
    },
    onBytes,
  );
  for (const {at, id, caption} of early)
    if (!addCaption(id, caption, at))
      take(at, `expected the image_id of one of ${images.size} images, got ${id}`);
};

const karpathySplits: ReadonlyMap<unknown, Split> = new Map([
  ['train', 'train'],
  ['restval', 'train'],
  ['val', 'validation'],
  ['test', 'test'],
]);

/** Finds the folders that Karpathy's `filepath` stands for. */
type FoldersOf = (filepath: string) => readonly string[] | undefined;

/**
 * Reads files such as `dataset_coco.json`: `images`, each with its split and sentences. Line numbers count images.
 *
 * @param foldersOf Returns the folders that a `filepath` stands for; undefined if it is part of the image's name.
 */
export const karpathyCaptions =
  (foldersOf: FoldersOf): Format =>
  (file, take, onBytes) =>
    eachElement(
      file,
      ['images'],
      (_, element, at) => readKarpathy(element, foldersOf, (found) => take(at, found)),
      onBytes,
    );

function readKarpathy(
  element: unknown,
  foldersOf: FoldersOf,
  take: (found: CaptionLine | string) => void,
): void {
  const {filename, filepath, split: name, sentences, cocoid} = fields(element);
  const split = karpathySplits.get(name);
  const folder = typeof filepath === 'string' ? withoutEndSlashes(filepath) : '';
  const within = folder === '' ? undefined : foldersOf(folder);
  if (typeof filename !== 'string' || !Array.isArray(sentences))
    return take('expected a filename and sentences, got another form');
  const image = folder === '' || within ? filename : `${folder}/${filename}`;
  if (split === undefined)
    return take(`expected the split train, restval, val or test, got ${quoteValue(name)}`);
  if (sentences.length === 0) return take(`expected sentences about ${image}, found none`);
  for (const sentence of sentences) {
    const {raw: caption} = fields(sentence);
    take(
      typeof caption === 'string'
        ? {image, caption, split, number: numberOf(cocoid), ...(within && within.length > 0 && {within})}
        : 'expected the raw text of a sentence, got another form',
    );
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const isKey = (value: unknown): value is number | string =>
  typeof value === 'string' || Number.isSafeInteger(value);

/** Some files write the same id as a number in one list and as text in the other. */
const keyOf = (id: number | string): number | string =>
  typeof id === 'string' && String(Number(id)) === id ? Number(id) : id;

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
