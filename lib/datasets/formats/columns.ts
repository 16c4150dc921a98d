/** What the columns of somebody's own caption file are called, and what stands in them. */
import type {Split} from '../dataset';
import type {CaptionLine} from './read-captions';

/** The better name comes first, for files that have several. */
const names = {
  image: ['image', 'image_name', 'file_name', 'filename', 'file', 'path'],
  caption: ['caption', 'text', 'sentence', 'comment'],
  split: ['split'],
} as const;

const splitNames: ReadonlyMap<string, Split> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['validation', 'validation'],
  ['val', 'validation'],
  ['valid', 'validation'],
  ['dev', 'validation'],
  ['test', 'test'],
  ['testing', 'test'],
]);

/** Positions of the columns. */
export interface Columns {
  readonly image: number;
  readonly caption: number;
  readonly split: number | undefined;
}

export const wanted: string = `a column ${names.image.join(' or ')} and a column ${names.caption.join(' or ')}`;

/** @returns Nothing when there is no image or no caption among them. */
export function findColumns(found: readonly string[]): Columns | undefined {
  const lower = found.map((name) => name.trim().toLowerCase());
  const find = (known: readonly string[]): number | undefined =>
    known.map((name) => lower.indexOf(name)).find((at) => at >= 0);
  const [image, caption] = [find(names.image), find(names.caption)];
  return image === undefined || caption === undefined
    ? undefined
    : {image, caption, split: find(names.split)};
}

/**
 * @param text What stands in the column of the split; nothing where there is none, or nothing in it.
 * @returns A caption, or why there is none.
 */
export function lineOf(image: string, caption: string, text: string | undefined): CaptionLine | string {
  const name = text?.trim().toLowerCase() ?? '';
  const split = splitNames.get(name);
  if (name !== '' && split === undefined)
    return `expected the split train, validation or test, got ${JSON.stringify(text)}`;
  return {image, caption, split};
}
