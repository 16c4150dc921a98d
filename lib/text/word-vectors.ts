/**
 * Reads pretrained word vectors in the text format of GloVe, fastText and word2vec: a word and its numbers on each line. Such files have
 * gigabytes, so they are read once, line by line, and only the vectors of a vocabulary's words are kept.
 */
import type {ReadStream} from 'node:fs';
import {basename} from 'node:path';
import {createGunzip} from 'node:zlib';
import {counted, description, setDescription} from '../description';
import {CaptionerError} from '../errors';
import {explainFileError} from '../file-error';
import {LineSplitter} from '../files/lines';
import {openFile} from '../files/regular-file';
import {interruptible} from '../interrupt';
import {userPath} from '../paths';
import type {Vocabulary} from './vocabulary';

/** Pretrained vectors of the words of a vocabulary. */
export interface WordVectors {
  /** Length of each vector. */
  readonly size: number;
  /** Vectors by word id, unscaled. */
  readonly vectors: ReadonlyMap<number, Float32Array>;
  /** Number of the vocabulary's words that the file contains. */
  readonly found: number;
}

const [space, tab] = [0x20, 0x09];
/** First line of fastText and word2vec files: the number of words and the length of the vectors. */
const header = /^[1-9]\d*[ \t][1-9]\d*\s*$/;

/**
 * Reads the vectors of a vocabulary's words. If a word occurs twice, its first vector is used. Words may contain spaces, as some of
 * GloVe's do, so the numbers are counted from the end of the line. Matching is case-sensitive; a vocabulary's words are lower case.
 *
 * @param file Path of a text file, or of a compressed one that ends in `.gz`, relative to the user's working folder.
 * @throws CaptionerError `not-found`; `archive` if a compressed file is damaged; `vectors` if a line has too few or too many numbers, if
 *   a vector of the vocabulary has anything but numbers, or if the file contains none of the words.
 */
export async function readWordVectors(file: string, vocabulary: Vocabulary): Promise<WordVectors> {
  const path = userPath(file);
  const vectors = new Map<number, Float32Array>();
  let size = 0;
  const readLine = (line: Buffer, number: number): void => {
    const fail = (expected: string, got: string): never => {
      throw new CaptionerError('vectors', `${path} line ${number}: expected ${expected}, got ${got}`);
    };
    if (number === 1 && header.test(line.toString('latin1'))) {
      size = Number(fieldsOf(line)[1]);
      return;
    }
    const count = countFields(line);
    if (count === 0) return;
    size ||= sizeOf(fieldsOf(line)) ?? fail('a word and its numbers', quoted(line));
    // A line with more fields than usual may begin with a word that contains spaces.
    const more = count - 1 - size;
    const between = more > 0 ? fieldsOf(line).slice(1, 1 + more) : [];
    if (more < 0 || (more > 0 && between.every(isNumber))) fail(`${size} numbers`, String(count - 1));
    const word = [firstField(line), ...between].join(' ');
    const id = vocabulary.has(word) ? vocabulary.id(word) : undefined;
    if (id === undefined || vectors.has(id)) return;
    const numbers = fieldsOf(line).slice(1 + more);
    const wrong = numbers.find((field) => !isNumber(field));
    if (wrong !== undefined) fail(`numbers for "${word}"`, quoted(wrong));
    vectors.set(id, Float32Array.from(numbers, Number));
  };
  const lines = new LineSplitter(path, 'vectors', readLine);
  const stopped = (): string => `after ${vectors.size} vectors of ${basename(path)}`;
  await interruptible(
    async (interrupt) => {
      for await (const chunk of textChunks(path)) {
        lines.push(chunk);
        await interrupt.pause();
        interrupt.throwIfRequested();
      }
    },
    {stopped, resumes: false},
  );
  lines.end();
  if (vectors.size === 0)
    throw new CaptionerError('vectors', `${path}: expected vectors of words in the vocabulary, found none`);
  return setDescription({size, vectors, found: vectors.size}, describeVectors);
}

/** Returns the length of the first vector; undefined if the line does not end with numbers. */
function sizeOf(fields: readonly string[]): number | undefined {
  if (fields.length > 1 && isNumber(fields[1]!)) return fields.length - 1;
  const numbers = [...fields].reverse().findIndex((field) => !isNumber(field));
  return numbers > 0 ? numbers : undefined;
}

/** Whether a field is a number that float32 can hold. */
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
  while (line[from] === space || line[from] === tab) from++;
  let end = from;
  while (end < line.length && line[end] !== space && line[end] !== tab) end++;
  return line.toString('utf8', from, end);
}

/** Counts fields without creating strings; most lines need nothing else. */
function countFields(line: Buffer): number {
  let count = 0;
  let between = true;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    const gap = byte === space || byte === tab;
    if (between && !gap) count++;
    between = gap;
  }
  return count;
}

function quoted(text: string | Buffer): string {
  return JSON.stringify(text.toString('utf8').slice(0, 40));
}

/** Reads a text file in chunks, decompressed if its name ends in `.gz`. */
async function* textChunks(path: string): AsyncGenerator<Buffer> {
  const file = await streamOf(path);
  const text = path.endsWith('.gz') ? file.pipe(createGunzip({chunkSize: 2 ** 20})) : file;
  file.on('error', (error) => text.destroy(error));
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    const {message} = cause as Error;
    throw new CaptionerError('archive', `${path}: expected word vectors: ${message}`, {cause});
  } finally {
    file.destroy();
  }
}

async function streamOf(path: string): Promise<ReadStream> {
  try {
    const {handle} = await openFile(path, {code: 'vectors', largest: Infinity});
    return handle.createReadStream({highWaterMark: 2 ** 20});
  } catch (cause) {
    const {code} = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new CaptionerError('not-found', `${path}: expected word vectors, found nothing`, {cause});
    throw explainFileError(cause, path);
  }
}

/** Describes word vectors for consoles and notebooks. */
function describeVectors({size, found}: WordVectors): string {
  return description(`Word vectors of ${counted(found, 'word')}`, {size: `${size} numbers each`});
}
