/**
 * Reads caption files of any format. Each caption is accepted or rejected with its line number and a reason, so that a bad line costs one
 * caption, and none is dropped silently.
 */
import {basename} from 'node:path';
import {decodeHTMLStrict} from 'entities';
import {CaptionerError} from '../../errors';
import {cleanText} from '../../text/tokenizer';
import type {OnBytes} from '../../files/lines';
import type {Rejection, Split} from '../dataset';

export interface CaptionLine {
  /** File name of the image, optionally with folders. */
  readonly image: string;
  readonly caption: string;
  /** Split of the image, if the file says it. */
  readonly split?: Split | undefined;
  /** COCO's id of the image, if the file has it. */
  readonly number?: number | undefined;
  /** Folders that the file says the image lies in. */
  readonly within?: readonly string[] | undefined;
}

/** Called by a format with each caption, or with the reason why a line has none. */
export type Take = (line: number, found: CaptionLine | string) => void;

/** Reads all captions of a file. Returns the names of columns or fields that it doesn't read, if there are any. */
export type Format = (file: string, take: Take, onBytes?: OnBytes) => Promise<void | readonly string[]>;

/** Maximum fraction of bad lines; with more, the file is probably in another format. */
const tolerance = 0.01;
const otherBytes = 'expected text in UTF-8, got other bytes';
const longestName = 1000;
const longestCaption = 2000;

/**
 * Reads a caption file.
 *
 * @param accept Called with each valid caption; returns a reason to reject it anyway.
 * @returns The rejected lines, and the columns or fields that were not read.
 * @throws CaptionerError `captions` if the file has another format or more than one caption in a hundred is bad.
 */
export async function readCaptions(
  file: string,
  format: Format,
  accept: (line: CaptionLine) => string | undefined,
  onBytes?: OnBytes,
): Promise<{readonly rejected: readonly Rejection[]; readonly unread: readonly string[]}> {
  const rejected: Rejection[] = [];
  let all = 0;
  const take: Take = (line, found) => {
    all++;
    const checked = typeof found === 'string' ? found : check(found);
    const reason = typeof checked === 'string' ? checked : accept(checked);
    if (reason !== undefined) rejected.push({file: basename(file), line, reason});
  };
  const unread = (await format(file, take, onBytes)) ?? [];
  if (rejected.length > tolerance * all) {
    const some = rejected.slice(0, 3).map(({line, reason}) => `line ${line}: ${reason}`);
    const more = rejected.length > some.length ? '; …' : '';
    const hint = rejected.some(({reason}) => reason === otherBytes)
      ? '; save it in UTF-8 (in Excel: CSV UTF-8)'
      : '';
    throw new CaptionerError(
      'captions',
      `${file}: expected at most 1 % of lines that cannot be read, got ${rejected.length} of ${all} (${some.join('; ')}${more})${hint}`,
    );
  }
  return {rejected, unread};
}

function check(line: CaptionLine): CaptionLine | string {
  const {caption} = line;
  const image = line.image.trim().replace(/^(?:\.[\\/])+/, '');
  if (image.length > longestName || !isSafePath(image)) return notInFolder(image);
  if (caption.includes('\uFFFD') || image.includes('\uFFFD')) return otherBytes;
  if (caption.length > longestCaption)
    return `expected a caption of at most ${longestCaption} characters, got ${caption.length}`;
  const text = cleanText(decodeEntities(caption));
  return text === '' ? 'the caption is empty' : {...line, image, caption: text};
}

/**
 * Accepts names like `a.jpg`, `dogs/a.jpg` and `dogs\a.jpg`, and absolute paths, which the image folders check, but no path that leaves its
 * folder.
 */
function isSafePath(name: string): boolean {
  const parts = name.replace(/^(?:[a-z]:)?[\\/]/i, '').split(/[\\/]/);
  return !/[\p{Cc}\p{Cs}]/u.test(name) && parts.every((part) => !['', '.', '..'].includes(part));
}

/** Decodes `&amp;`, `&#39;` and their like, also where they were encoded twice. */
function decodeEntities(text: string): string {
  if (!/&[#\w]+;/.test(text)) return text;
  return decodeHTMLStrict(decodeHTMLStrict(text));
}

/** The reason against an image that isn't in the dataset's folder. */
export function notInFolder(image: string): string {
  return `expected the name of an image in the dataset's folder, got ${quoted(image)}`;
}

/** Quotes text for a message: on one line and at most 60 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
