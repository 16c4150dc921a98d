/** Lines of a CSV file become records, of which quoted columns may go on over several lines. */
import Papa from 'papaparse';

/** A record that is still open after so many lines or characters has a quote that nobody closed. */
const mostLines = 50;
const mostCharacters = 10_000;
const unclosed = 'expected a closing quote where the column ends, found none';

/** Where a record begins, and its columns or why it has none. */
export type TakeRecord = (line: number, found: string[] | string) => void;

/** The columns of one line that needs no other. */
export function splitLine(line: string, delimiter: string): string[] | undefined {
  const columns = parse(line, delimiter);
  return typeof columns === 'string' ? undefined : columns;
}

export class Records {
  readonly #delimiter: string;
  readonly #width: number;
  readonly #take: TakeRecord;
  /** Lines of the record that is not complete. */
  #open: string[] = [];
  #length = 0;
  /** Number of the first of them. */
  #first = 0;

  /** @param width Number of columns that each record must have. */
  constructor(delimiter: string, width: number, take: TakeRecord) {
    this.#delimiter = delimiter;
    this.#width = width;
    this.#take = take;
  }

  push(line: string, at: number): void {
    const goesOn = this.#open.length > 0;
    if (!goesOn) {
      if (line === '') return this.#take(at, 'the line is empty');
      this.#first = at;
      this.#length = 0;
    }
    this.#open.push(line);
    this.#length += line.length;
    const columns = goesOn && !line.includes('"') ? 'open' : parse(this.#open.join('\n'), this.#delimiter);
    if (columns === 'open') {
      if (this.#open.length > mostLines || this.#length > mostCharacters) this.#giveUp();
    } else if (columns.length === this.#width && columns !== 'broken') {
      this.#open = [];
      this.#take(this.#first, columns);
    } else if (goesOn) this.#giveUp();
    else {
      this.#open = [];
      this.#take(
        at,
        columns === 'broken' ? 'expected the quotes to end where the column ends' : this.#misfit(columns),
      );
    }
  }

  /** Call it after the last line. */
  end(): void {
    while (this.#open.length > 0) this.#giveUp();
  }

  /** A quote that is never closed costs its own line only: the lines after it are read again, each for itself. */
  #giveUp(): void {
    const [, ...others] = this.#open;
    const first = this.#first;
    this.#open = [];
    this.#take(first, unclosed);
    for (const [k, line] of others.entries()) this.push(line, first + 1 + k);
  }

  #misfit({length}: string[]): string {
    const hint = length > this.#width ? ': a caption with separators in it needs quotes' : '';
    return `expected ${this.#width} columns, got ${length}${hint}`;
  }
}

/** @returns The columns; `open` where a quote is still to be closed, `broken` where it ends amid a column. */
function parse(text: string, delimiter: string): string[] | 'open' | 'broken' {
  if (!text.includes('"')) return text.split(delimiter);
  const {data, errors} = Papa.parse<string[]>(text, {delimiter, newline: '\n'});
  if (errors.some(({code}) => code === 'InvalidQuotes')) return 'broken';
  if (errors.some(({code}) => code === 'MissingQuotes')) return 'open';
  return data.length === 1 ? data[0]! : 'broken';
}
