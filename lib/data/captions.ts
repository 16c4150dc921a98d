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

export interface CaptionFile {
  readonly lines: readonly CaptionLine[];
  readonly rejected: readonly Rejection[];
}

/** More than this share of broken lines means that the file is not what it was taken for. */
const tolerated = 0.01;

/** Kaggle's `captions.txt`: a header `image,caption`, then one caption a line, quoted where it has commas. */
export function readKaggleCaptions(file: string): CaptionFile {
  return readLines(file, 1, (line) => {
    // Each line on its own: a quote that is never closed would else swallow the rest of the file.
    const {data, errors} = Papa.parse<string[]>(line, {delimiter: ','});
    const [image, ...rest] = data[0] ?? [];
    if (errors.length > 0) return `broken quotes: ${errors[0]!.message}`;
    if (image === undefined || rest.length === 0) return 'expected "image,caption", got 1 column';
    return {image, caption: rest.join(',')};
  });
}

/** The corpus's own `Flickr8k.token.txt`: `name.jpg#n`, a tab, the caption. */
export function readTokenCaptions(file: string): CaptionFile {
  return readLines(file, 0, (line) => {
    const {data} = Papa.parse<string[]>(line, {delimiter: '\t', quoteChar: '\0'});
    const [name = '', ...rest] = data[0] ?? [];
    if (rest.length === 0) return 'expected "name.jpg#n", a tab and a caption, got no tab';
    const image = /^(.+)#\d+$/.exec(name)?.[1];
    return image === undefined ? `expected "name.jpg#n" before the tab, got "${name}"` : {image, caption: rest.join(' ')};
  });
}

/** A split file: one image name a line. */
export function readNames(file: string): Set<string> {
  const names = readFileSync(file, 'utf8').split(/\r?\n/);
  return new Set(names.map((name) => name.trim()).filter((name) => name !== ''));
}

/**
 * @param header Lines to pass over.
 * @param parse A caption, or why the line has none.
 * @throws CaptionerError `captions` when more than one line in a hundred is broken.
 */
function readLines(file: string, header: number, parse: (line: string) => CaptionLine | string): CaptionFile {
  const lines: CaptionLine[] = [];
  const rejected: Rejection[] = [];
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (at < header || line.trim() === '') continue;
    const parsed = parse(line);
    const result = typeof parsed === 'string' ? parsed : check(parsed);
    if (typeof result === 'string') rejected.push({file: basename(file), line: at + 1, reason: result});
    else lines.push(result);
  }
  if (rejected.length > tolerated * (lines.length + rejected.length)) {
    const some = rejected.slice(0, 3).map(({line, reason}) => `line ${line}: ${reason}`);
    const found = `${rejected.length} of ${lines.length + rejected.length} lines cannot be read`;
    throw new CaptionerError('captions', `${file}: ${found} (${some.join('; ')})`);
  }
  return {lines, rejected};
}

function check({image, caption}: CaptionLine): CaptionLine | string {
  const name = image.trim();
  const text = cleanText(caption);
  if (name === '' || name !== basename(name)) return `expected the name of an image, got "${name}"`;
  return text === '' ? 'the caption is empty' : {image: name, caption: text};
}
