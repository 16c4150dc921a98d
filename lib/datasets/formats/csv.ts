/**
 * Reads captions from CSV, TSV and similar files, whose columns are found by their names. The delimiter is the one that splits the header
 * into known columns, or that Excel's line `sep=;` names. Quoted fields may contain delimiters, doubled quotes and line ends. Rows without
 * content are skipped.
 */
import Papa from 'papaparse';
import {CaptionerError} from '../../errors';
import {eachLine} from '../../files/lines';
import {FieldReader, findColumns, requiredColumns} from './fields';
import {quoted, type Format} from './read-captions';

export const tableCaptions: Format = async (file, take, onBytes) => {
  let records: Records | undefined;
  let reader: FieldReader | undefined;
  let separator: string | undefined;
  const begin = (header: string): Records => {
    const {delimiter, names} = readHeader(file, header, separator);
    const fields = (reader = new FieldReader(names));
    return new Records(delimiter, names.length, (line, found) => {
      if (typeof found === 'string') take(line, found);
      else for (const one of fields.read(found)) take(line, one);
    });
  };
  await eachLine(
    file,
    (line, at) => {
      if (records) return records.push(line, at);
      if (line.trim() === '') return;
      // Excel's hint; the header follows.
      const hint = separator === undefined ? /^"?sep=(.)"?\s*$/i.exec(line)?.[1] : undefined;
      if (hint === undefined) records = begin(line);
      else separator = hint;
    },
    onBytes,
  );
  records ??= begin('');
  records.end();
  return reader!.unread;
};

const delimiters = [',', ';', '\t', '|'] as const;

/** @throws CaptionerError `captions` if the header has no column for the image or the caption. */
function readHeader(
  file: string,
  header: string,
  separator: string | undefined,
): {readonly delimiter: string; readonly names: readonly string[]} {
  const tried = (separator === undefined ? delimiters : [separator]).map((delimiter) => ({
    delimiter,
    names: splitLine(header, delimiter) ?? [],
  }));
  const match = tried.find(({names}) => findColumns(names));
  if (match) return match;
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
  const {state, columns} = parse(line, delimiter);
  return state === 'whole' ? columns : undefined;
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
      if (line.trim() === '') return;
      this.#first = at;
      this.#length = 0;
    }
    this.#open.push(line);
    this.#length += line.length;
    // Doubled quotes stand for themselves within a quoted field, so only another quote can end it.
    if (continued && !line.replaceAll('""', '').includes('"')) return this.#wait();
    const {state, columns} = parse(this.#open.join('\n'), this.#delimiter);
    const isBlank = columns.every((text) => text.trim() === '');
    if (state === 'open') {
      // With too many columns already it can't become valid; waiting would read the lines after it again and again.
      if (columns.length > this.#width && !isBlank) this.#giveUp();
      else this.#wait();
    } else if (state === 'whole' && isBlank) {
      this.#open = [];
    } else if (state === 'whole' && columns.length === this.#width) {
      this.#open = [];
      this.#take(this.#first, columns);
    } else if (continued) this.#giveUp();
    else {
      this.#open = [];
      this.#take(
        at,
        state === 'broken' ? 'expected the quotes to end where the column ends' : this.#misfit(columns),
      );
    }
  }

  /** Keeps the record open for further lines, unless it has grown too long. */
  #wait(): void {
    if (this.#open.length > maximumLines || this.#length > maximumCharacters) this.#giveUp();
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

  #misfit({length}: readonly string[]): string {
    const hint = length > this.#width ? '; put captions that contain the separator in quotes' : '';
    return `expected ${this.#width} columns, got ${length}${hint}`;
  }
}

/** The fields of a record: `open` if a quote is not closed yet, `broken` if a quote ends in the middle of a field. */
interface Parsed {
  readonly state: 'whole' | 'open' | 'broken';
  readonly columns: string[];
}

function parse(text: string, delimiter: string): Parsed {
  if (!text.includes('"')) return {state: 'whole', columns: text.split(delimiter)};
  const {data, errors} = Papa.parse<string[]>(text, {delimiter, newline: '\n'});
  const columns = data[0] ?? [];
  if (errors.some(({code}) => code === 'InvalidQuotes')) return {state: 'broken', columns};
  if (errors.some(({code}) => code === 'MissingQuotes')) return {state: 'open', columns};
  return {state: data.length === 1 ? 'whole' : 'broken', columns};
}
