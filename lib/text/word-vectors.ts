/**
 * Word vectors that others have learnt, in the text format of GloVe, fastText and word2vec: in each line a word, then its
 * numbers. Such files have gigabytes, so they are read once, line by line, and only the vectors of known words are kept.
 */
import {createReadStream} from 'node:fs';
import {createGunzip} from 'node:zlib';
import {CaptionerError} from '../errors';
import {userPath} from '../paths';
import type {Vocabulary} from './vocabulary';

/** Pretrained vectors of the words of a vocabulary. */
export interface WordVectors {
  /** Numbers in each. */
  readonly size: number;
  /** By word id, as they stand in the file. */
  readonly vectors: ReadonlyMap<number, Float32Array>;
  /** Words of the vocabulary that the file has a vector of. */
  readonly found: number;
}

const [blank, tab, newline] = [0x20, 0x09, 0x0a];
/** No line is longer: a thousand numbers take some ten thousand bytes. */
const lineLimit = 2 ** 20;
/** How fastText and word2vec begin: the number of words, and that of numbers in each vector. */
const header = /^[1-9]\d*[ \t][1-9]\d*\s*$/;

/**
 * Reads the vectors of a vocabulary's words. The first vector of a word is taken; a word may have blanks in it, as some of
 * GloVe's have, so the numbers are the last of a line. Upper and lower case count: a vocabulary's words are lower case.
 *
 * @param file Text, or with the ending `.gz` text that is compressed; relative to where the command was given.
 * @throws CaptionerError `not-found`; `archive` when what is compressed is damaged; `vectors` when a line has too few or too
 *   many numbers, when one that is wanted has something else than numbers, or when the file has none of the words.
 */
export async function readWordVectors(file: string, vocabulary: Vocabulary): Promise<WordVectors> {
  const path = userPath(file);
  const vectors = new Map<number, Float32Array>();
  let size = 0;
  let number = 0;
  const fail = (expected: string, got: string): never => {
    throw new CaptionerError('vectors', `${path}, line ${number}: expected ${expected}, got ${got}`);
  };
  for await (const line of linesOf(path)) {
    if (++number === 1 && header.test(line.toString('latin1'))) {
      size = Number(fieldsOf(line)[1]);
      continue;
    }
    const count = countFields(line);
    if (count === 0) continue;
    size ||= sizeOf(fieldsOf(line)) ?? fail('a word and its numbers', quoted(line));
    // What is not the number of fields that is usual has to be looked at: it may be a word with blanks.
    const more = count - 1 - size;
    const between = more > 0 ? fieldsOf(line).slice(1, 1 + more) : [];
    if (more < 0 || (more > 0 && between.every(isNumber))) fail(`${size} numbers`, String(count - 1));
    const word = [firstField(line), ...between].join(' ');
    const id = vocabulary.has(word) ? vocabulary.id(word) : undefined;
    if (id === undefined || vectors.has(id)) continue;
    const numbers = fieldsOf(line).slice(1 + more);
    const wrong = numbers.find((field) => !isNumber(field));
    if (wrong !== undefined) fail(`numbers for "${word}"`, quoted(wrong));
    vectors.set(id, Float32Array.from(numbers, Number));
  }
  if (vectors.size === 0)
    throw new CaptionerError('vectors', `${path}: expected vectors of words that are learnt, found none`);
  return {size, vectors, found: vectors.size};
}

/** How many numbers the first word has; undefined when the line does not end with numbers. */
function sizeOf(fields: readonly string[]): number | undefined {
  if (fields.length > 1 && isNumber(fields[1]!)) return fields.length - 1;
  const numbers = [...fields].reverse().findIndex((field) => !isNumber(field));
  return numbers > 0 ? numbers : undefined;
}

/** Whether it can be stored, too. */
function isNumber(field: string): boolean {
  return Number.isFinite(Math.fround(Number(field)));
}

function fieldsOf(line: Buffer): string[] {
  return line
    .toString('utf8')
    .split(/[ \t]+/)
    .filter((field) => field !== '');
}

function firstField(line: Buffer): string {
  let from = 0;
  while (line[from] === blank || line[from] === tab) from++;
  let end = from;
  while (end < line.length && line[end] !== blank && line[end] !== tab) end++;
  return line.toString('utf8', from, end);
}

/** Without making strings of them: of most lines nothing else is needed. */
function countFields(line: Buffer): number {
  let count = 0;
  let between = true;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    const gap = byte === blank || byte === tab;
    if (between && !gap) count++;
    between = gap;
  }
  return count;
}

function quoted(text: string | Buffer): string {
  return JSON.stringify(text.toString('utf8').slice(0, 40));
}

/** The lines of a text, without their ends and without a byte order mark. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, {highWaterMark: 2 ** 20});
  const text = path.endsWith('.gz') ? file.pipe(createGunzip({chunkSize: 2 ** 20})) : file;
  file.on('error', (error) => text.destroy(error));
  let rest: Buffer = Buffer.alloc(0);
  let first = true;
  const trimmed = (line: Buffer): Buffer => {
    const from = first && line.subarray(0, 3).toString('latin1') === '\xef\xbb\xbf' ? 3 : 0;
    first = false;
    return line.subarray(from, line.at(-1) === 0x0d ? -1 : undefined);
  };
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let end: number; (end = bytes.indexOf(newline, from)) >= 0; from = end + 1)
        yield trimmed(bytes.subarray(from, end));
      rest = bytes.subarray(from);
      if (rest.length > lineLimit)
        throw new CaptionerError(
          'vectors',
          `${path}: expected lines of text, got one of more than ${lineLimit} bytes`,
        );
    }
    if (rest.length > 0) yield trimmed(rest);
  } catch (cause) {
    if (cause instanceof CaptionerError) throw cause;
    const {code, message} = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new CaptionerError('not-found', `${path}: expected word vectors, found nothing`, {cause});
    throw new CaptionerError('archive', `${path}: expected word vectors: ${message}`, {cause});
  } finally {
    file.destroy();
  }
}
