/** The formats in which the captions of Flickr8k and Flickr30k were published: a caption a line, each line on its own. */
import Papa from 'papaparse';
import {CaptionerError} from '../../errors';
import {quoted, type CaptionLine, type Format} from './read-captions';
import {eachLine} from '../../files/lines';

/**
 * Kaggle's `captions.txt`: a header `image,caption`, then one caption a line, quoted where it has commas. Only the first
 * comma separates, so a caption whose commas were not quoted is whole as well.
 */
export const kaggleCaptions: Format = format('image,caption', /^"?image"?\s*,\s*"?caption"?\s*$/i, (line) => {
  const comma = line.startsWith('"') ? line.indexOf('",') + 1 : line.indexOf(',');
  if (comma < 1) return 'expected "image,caption", got 1 column';
  const image = unquote(line.slice(0, comma));
  const caption = unquote(line.slice(comma + 1));
  return image === undefined || caption === undefined
    ? 'expected the quotes to end where the column ends'
    : {image, caption};
});

/**
 * Kaggle's `results.csv`: a header `image_name| comment_number| comment`, then one caption a line, in which quotes are just
 * quotes. One published line lacks its second separator; white space does as well.
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

/** The corpora's own `….token`: `name.jpg#n`, a tab, the caption, in which quotes are just quotes. */
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
 * @param header As a message shows it.
 * @param parse A caption, or why the line has none.
 */
function format(
  header: string | undefined,
  headed: RegExp | undefined,
  parse: (line: string) => CaptionLine | string,
): Format {
  return async (file, take, onBytes) => {
    const begin = (line: string): void => {
      if (headed && !headed.test(line))
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
        if (at === 1 && headed) begin(line);
        else take(at, line === '' ? 'the line is empty' : parse(line));
      },
      onBytes,
    );
    if (empty) begin('');
  };
}

/** One column of a CSV line; undefined when its quotes don't match. */
function unquote(column: string): string | undefined {
  if (!column.startsWith('"')) return column;
  // Each column on its own: a quote that is never closed would else swallow the rest of the file.
  const {data, errors} = Papa.parse<string[]>(column.trimEnd(), {delimiter: ','});
  return errors.length === 0 && data.length === 1 && data[0]!.length === 1 ? data[0]![0] : undefined;
}
