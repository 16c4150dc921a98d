/**
 * Caption files, line by line: each line is accepted or rejected with its number and a reason, so that accepted and
 * rejected together are the lines of the file, and one broken line costs one caption.
 */
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';
import Papa from 'papaparse';
import {CaptionerError} from '../errors';
import {cleanText} from '../text/tokenizer';
import type {Rejection} from './dataset';

export interface CaptionLine {
  readonly image: string;
  readonly caption: string;
}

/** Accepted and rejected lines together are those of the file, without its header and without empty lines at its end. */
export interface CaptionFile {
  readonly lines: readonly CaptionLine[];
  readonly rejected: readonly Rejection[];
}

/** More than this share of broken lines means that the file is not what it was taken for. */
const tolerated = 0.01;
const longestName = 255;
const longestCaption = 2000;
const kaggleHeader = /^"?image"?\s*,\s*"?caption"?\s*$/i;

/**
 * Kaggle's `captions.txt`: a header `image,caption`, then one caption a line, quoted where it has commas. Only the first
 * comma separates, so a caption whose commas were not quoted is whole as well.
 *
 * @throws CaptionerError `captions` when the header is missing or more than one line in a hundred is broken.
 */
export function readKaggleCaptions(file: string): CaptionFile {
  const [header = '', ...lines] = readLines(file);
  if (!kaggleHeader.test(header))
    throw new CaptionerError(
      'captions',
      `${file} line 1: expected the header "image,caption", got ${quoted(header)}`,
    );
  return sort(file, lines, 2, (line) => {
    const comma = line.startsWith('"') ? line.indexOf('",') + 1 : line.indexOf(',');
    if (comma < 1) return 'expected "image,caption", got 1 column';
    const image = unquote(line.slice(0, comma));
    const caption = unquote(line.slice(comma + 1));
    return image === undefined || caption === undefined
      ? 'expected the quotes to end where the column ends'
      : {image, caption};
  });
}

/**
 * The corpus's own `Flickr8k.token.txt`: `name.jpg#n`, a tab, the caption, in which quotes are just quotes.
 *
 * @throws CaptionerError `captions` when more than one line in a hundred is broken.
 */
export function readTokenCaptions(file: string): CaptionFile {
  return sort(file, readLines(file), 1, (line) => {
    const tab = line.indexOf('\t');
    if (tab < 0) return 'expected "name.jpg#n", a tab and a caption, got no tab';
    const name = line.slice(0, tab);
    const image = /^(.+)#\d+$/.exec(name)?.[1];
    return image === undefined
      ? `expected "name.jpg#n" before the tab, got ${quoted(name)}`
      : {image, caption: line.slice(tab + 1)};
  });
}

/** A split file: one image name a line. */
export function readNames(file: string): Set<string> {
  return new Set(
    readLines(file)
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );
}

/** One column of a CSV line; undefined when its quotes don't match. */
function unquote(column: string): string | undefined {
  if (!column.startsWith('"')) return column;
  // Each column on its own: a quote that is never closed would else swallow the rest of the file.
  const {data, errors} = Papa.parse<string[]>(column.trimEnd(), {delimiter: ','});
  return errors.length === 0 && data.length === 1 && data[0]!.length === 1 ? data[0]![0] : undefined;
}

function readLines(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CaptionerError('captions', `${file}: cannot be read: ${(cause as Error).message}`, {cause});
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

/**
 * @param first Number of the first line, for messages.
 * @param parse A caption, or why the line has none.
 */
function sort(
  file: string,
  all: readonly string[],
  first: number,
  parse: (line: string) => CaptionLine | string,
): CaptionFile {
  const lines: CaptionLine[] = [];
  const rejected: Rejection[] = [];
  for (const [at, line] of all.entries()) {
    const parsed = line.trim() === '' ? 'the line is empty' : parse(line);
    const result = typeof parsed === 'string' ? parsed : check(parsed);
    if (typeof result === 'string') rejected.push({file: basename(file), line: first + at, reason: result});
    else lines.push(result);
  }
  if (rejected.length > tolerated * all.length) {
    const some = rejected.slice(0, 3).map(({line, reason}) => `line ${line}: ${reason}`);
    const more = rejected.length > some.length ? '; …' : '';
    throw new CaptionerError(
      'captions',
      `${file}: expected at most 1 % of lines that cannot be read, got ${rejected.length} of ${all.length} (${some.join('; ')}${more})`,
    );
  }
  return {lines, rejected};
}

function check({image, caption}: CaptionLine): CaptionLine | string {
  const name = image.trim();
  if (name === '' || name.length > longestName || /[/\\\p{Cc}]|^\.{1,2}$/u.test(name))
    return `expected the name of an image, got ${quoted(name)}`;
  if (caption.includes('\uFFFD')) return 'expected text in UTF-8, got other bytes';
  if (caption.length > longestCaption)
    return `expected a caption of at most ${longestCaption} characters, got ${caption.length}`;
  const text = cleanText(caption);
  return text === '' ? 'the caption is empty' : {image: name, caption: text};
}

/** As a message shows it: on one line and not too long. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
