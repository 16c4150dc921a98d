/** Reads captions from CSV and TSV files, whose columns are found by their names. */
import Papa from 'papaparse';
import {CaptionerError} from '../../errors';
import {eachLine} from '../../files/lines';
import type {Split} from '../dataset';
import {quoted, type CaptionLine, type Format} from './read-captions';

/** Recognised column names. If a file has several, the first one here is used. */
const columnNames = {
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

/** Indices of the columns. */
export interface Columns {
  readonly image: number;
  readonly caption: number;
  readonly split: number | undefined;
}

/** The required columns, for messages. */
export const requiredColumns: string = `a column ${columnNames.image.join(' or ')} and a column ${columnNames.caption.join(' or ')}`;

/** Finds the columns by their names. @returns undefined if the image or the caption is missing. */
export function findColumns(found: readonly string[]): Columns | undefined {
  const lower = found.map((name) => name.trim().toLowerCase());
  const find = (known: readonly string[]): number | undefined =>
    known.map((name) => lower.indexOf(name)).find((at) => at >= 0);
  const [image, caption] = [find(columnNames.image), find(columnNames.caption)];
  return image === undefined || caption === undefined
    ? undefined
    : {image, caption, split: find(columnNames.split)};
}

/**
 * Makes a caption line of a record.
 *
 * @param text Content of the split column; undefined or empty if there is none.
 * @returns The caption, or the reason why there is none.
 */
export function captionLine(image: string, caption: string, text: string | undefined): CaptionLine | string {
  const name = text?.trim().toLowerCase() ?? '';
  const split = splitNames.get(name);
  if (name !== '' && split === undefined)
    return `expected the split train, validation or test, got ${JSON.stringify(text)}`;
  return {image, caption, split};
}

const delimiters = [',', ';', '\t', '|'] as const;

/**
 * Reads CSV, TSV and similar files. The delimiter is the one that splits the header into known columns. Quoted fields may contain
 * delimiters, doubled quotes and line ends.
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
          : captionLine(found[image]!, found[caption]!, split === undefined ? undefined : found[split]),
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

/** @throws CaptionerError `captions` if the header has no column for the image or the caption. */
function readHeader(file: string, header: string): Columns & {delimiter: string; width: number} {
  const tried = delimiters.map((delimiter) => {
    const names = splitLine(header, delimiter) ?? [];
    return {delimiter, names, columns: findColumns(names)};
  });
  const match = tried.find(({columns}) => columns);
  if (match?.columns) return {...match.columns, delimiter: match.delimiter, width: match.names.length};
  const {names} = tried.reduce((one, other) => (other.names.length > one.names.length ? other : one));
  throw new CaptionerError(
    'captions',
    `${file} line 1: expected ${requiredColumns}, found ${header.trim() === '' ? 'nothing' : names.map((name) => quoted(name.trim())).join(', ')}`,
  );
}

// A record that is longer than this has a quote that was never closed.
const maximumLines = 50;
const maximumCharacters = 10_000;
const unclosed = 'expected a closing quote where the column ends, found none';

/** Called with the number of a record's first line and its fields, or the reason why it has none. */
type TakeRecord = (line: number, found: string[] | string) => void;

/** Splits a line that is a complete record. */
function splitLine(line: string, delimiter: string): string[] | undefined {
  const columns = parse(line, delimiter);
  return typeof columns === 'string' ? undefined : columns;
}

/** Assembles lines into records, whose quoted fields may span lines. */
class Records {
  readonly #delimiter: string;
  readonly #width: number;
  readonly #take: TakeRecord;
  /** Lines of the incomplete record. */
  #open: string[] = [];
  #length = 0;
  /** Number of its first line. */
  #first = 0;

  /** @param width Required number of fields in each record. */
  constructor(delimiter: string, width: number, take: TakeRecord) {
    this.#delimiter = delimiter;
    this.#width = width;
    this.#take = take;
  }

  push(line: string, at: number): void {
    const continued = this.#open.length > 0;
    if (!continued) {
      if (line === '') return this.#take(at, 'the line is empty');
      this.#first = at;
      this.#length = 0;
    }
    this.#open.push(line);
    this.#length += line.length;
    const columns = continued && !line.includes('"') ? 'open' : parse(this.#open.join('\n'), this.#delimiter);
    if (columns === 'open') {
      if (this.#open.length > maximumLines || this.#length > maximumCharacters) this.#giveUp();
    } else if (columns.length === this.#width && columns !== 'broken') {
      this.#open = [];
      this.#take(this.#first, columns);
    } else if (continued) this.#giveUp();
    else {
      this.#open = [];
      this.#take(
        at,
        columns === 'broken' ? 'expected the quotes to end where the column ends' : this.#misfit(columns),
      );
    }
  }

  /** Ends the last record. */
  end(): void {
    while (this.#open.length > 0) this.#giveUp();
  }

  /** Rejects the first line of a record whose quote is never closed, and reads the lines after it again. */
  #giveUp(): void {
    const [, ...others] = this.#open;
    const first = this.#first;
    this.#open = [];
    this.#take(first, unclosed);
    for (const [k, line] of others.entries()) this.push(line, first + 1 + k);
  }

  #misfit({length}: string[]): string {
    const hint = length > this.#width ? '; put captions that contain the separator in quotes' : '';
    return `expected ${this.#width} columns, got ${length}${hint}`;
  }
}

/** @returns The fields; `open` if a quote is not closed yet, `broken` if a quote ends in the middle of a field. */
function parse(text: string, delimiter: string): string[] | 'open' | 'broken' {
  if (!text.includes('"')) return text.split(delimiter);
  const {data, errors} = Papa.parse<string[]>(text, {delimiter, newline: '\n'});
  if (errors.some(({code}) => code === 'InvalidQuotes')) return 'broken';
  if (errors.some(({code}) => code === 'MissingQuotes')) return 'open';
  return data.length === 1 ? data[0]! : 'broken';
}
