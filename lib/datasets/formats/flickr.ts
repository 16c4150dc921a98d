/** Reads the published caption files of Flickr8k and Flickr30k: one caption per line. */
import Papa from 'papaparse';
import {CaptionerError} from '../../errors';
import {quoted, type CaptionLine, type Format} from './read-captions';
import {eachLine} from '../../files/lines';

/** The header of Kaggle's `captions.txt`. */
export const kaggleHeader: RegExp = /^"?image"?\s*,\s*"?caption"?\s*$/i;

/**
 * Reads Kaggle's `captions.txt`: a header `image,caption`, then one caption per line, quoted if it contains commas. Only the first comma
 * separates, so captions with unquoted commas are read completely, too.
 */
export const kaggleCaptions: Format = format('image,caption', kaggleHeader, (line) => {
  const comma = line.startsWith('"') ? line.indexOf('",') + 1 : line.indexOf(',');
  if (comma < 1) return 'expected "image,caption", got 1 column';
  const image = unquote(line.slice(0, comma));
  const caption = unquote(line.slice(comma + 1));
  return image === undefined || caption === undefined
    ? 'expected the quotes to end where the column ends'
    : {image, caption};
});

/**
 * Reads Kaggle's `results.csv`: a header `image_name| comment_number| comment`, then one caption per line, in which quotes have no special
 * meaning. One published line lacks its second separator, so white space is accepted instead.
 */
export const kaggleResults: Format = format(
  'image_name| comment_number| comment',
  /^image_name\s*\|\s*comment_number\s*\|\s*comment\s*$/i,
  (line) => {
    const [, image, caption] = /^([^|]+)\|\s*\d+(?:\s*\||\s)(.*)$/s.exec(line) ?? [];
    return image === undefined || caption === undefined
      ? `expected "image_name| comment_number| comment", got ${quoted(line)}`
      : {image, caption};
  },
);

/** The header of Flickr30k's captions, which are separated by commas or by `|`. */
export const numberedHeader: RegExp = /^"?image_name"?\s*[,|]\s*"?comment_number"?\s*[,|]\s*"?comment"?\s*$/i;

/**
 * Reads Flickr30k's captions with commas: a header `image_name,comment_number,comment`, then one caption per line, quoted if it contains
 * commas. Only the first two commas separate, so captions with unquoted commas are read completely, too.
 */
export const numberedCaptions: Format = format(
  'image_name,comment_number,comment',
  numberedHeader,
  (line) => {
    const [, image, caption] = /^("[^"]+"|[^,]+),\s*"?\d+"?\s*,(.*)$/s.exec(line) ?? [];
    if (image === undefined || caption === undefined)
      return `expected "image_name,comment_number,comment", got ${quoted(line)}`;
    const [name, text] = [unquote(image), unquote(caption.trimStart())];
    return name === undefined || text === undefined
      ? 'expected the quotes to end where the column ends'
      : {image: name, caption: text};
  },
);

/** Reads the original `….token` files: `name.jpg#n`, a tab and the caption, in which quotes have no special meaning. */
export const tokenCaptions: Format = format(undefined, undefined, (line) => {
  const tab = line.indexOf('\t');
  if (tab < 0) return 'expected "name.jpg#n", a tab and a caption, got no tab';
  const name = line.slice(0, tab);
  const image = /^(.+)#\d+$/.exec(name)?.[1];
  return image === undefined
    ? `expected "name.jpg#n" before the tab, got ${quoted(name)}`
    : {image, caption: line.slice(tab + 1)};
});

/**
 * Makes a format that reads one caption per line.
 *
 * @param header The expected header, for messages.
 * @param pattern Matches the header.
 * @param parse Returns the caption of a line, or the reason why it has none.
 */
function format(
  header: string | undefined,
  pattern: RegExp | undefined,
  parse: (line: string) => CaptionLine | string,
): Format {
  return async (file, take, onBytes) => {
    const checkHeader = (line: string): void => {
      if (pattern && !pattern.test(line))
        throw new CaptionerError(
          'captions',
          `${file} line 1: expected the header "${header}", got ${quoted(line)}`,
        );
    };
    let empty = true;
    await eachLine(
      file,
      (line, at) => {
        empty = false;
        if (at === 1 && pattern) checkHeader(line);
        else take(at, line === '' ? 'the line is empty' : parse(line));
      },
      onBytes,
    );
    if (empty) checkHeader('');
  };
}

/** Unquotes a CSV field; undefined if its quotes do not match. */
function unquote(column: string): string | undefined {
  if (!column.startsWith('"')) return column;
  // Each field is parsed on its own, so that an unclosed quote cannot swallow the rest of the file.
  const {data, errors} = Papa.parse<string[]>(column.trimEnd(), {delimiter: ','});
  return errors.length === 0 && data.length === 1 && data[0]!.length === 1 ? data[0]![0] : undefined;
}
