/** Somebody's own captions in a table: columns are found by their names, in any order. */
import {CaptionerError} from '../../errors';
import {quoted, type Format} from './read-captions';
import {findColumns, lineOf, wanted, type Columns} from './columns';
import {eachLine} from '../../files/lines';
import {Records, splitLine} from './csv-records';

const delimiters = [',', ';', '\t', '|'] as const;

/**
 * CSV, TSV and their like: the separator is the one by which the header falls into known columns. Quoted columns may hold
 * separators, doubled quotes and line ends.
 */
export const tableCaptions: Format = async (file, take, onBytes) => {
  let records: Records | undefined;
  const begin = (header: string): Records => {
    const {delimiter, width, image, caption, split} = readHeader(file, header);
    return new Records(delimiter, width, (line, found) =>
      take(
        line,
        typeof found === 'string'
          ? found
          : lineOf(found[image]!, found[caption]!, split === undefined ? undefined : found[split]),
      ),
    );
  };
  await eachLine(
    file,
    (line, at) => {
      if (records) records.push(line, at);
      else records = begin(line);
    },
    onBytes,
  );
  records ??= begin('');
  records.end();
};

/** @throws CaptionerError `captions` when the header names no image or no caption. */
function readHeader(file: string, header: string): Columns & {delimiter: string; width: number} {
  const tried = delimiters.map((delimiter) => {
    const names = splitLine(header, delimiter) ?? [];
    return {delimiter, names, columns: findColumns(names)};
  });
  const fitting = tried.find(({columns}) => columns);
  if (fitting?.columns)
    return {...fitting.columns, delimiter: fitting.delimiter, width: fitting.names.length};
  const {names} = tried.reduce((one, other) => (other.names.length > one.names.length ? other : one));
  throw new CaptionerError(
    'captions',
    `${file} line 1: expected ${wanted}, found ${header.trim() === '' ? 'nothing' : names.map((name) => quoted(name.trim())).join(', ')}`,
  );
}
