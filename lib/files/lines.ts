/**
 * Reads text files of any size: chunk by chunk, or line by line. UTF-16 is told by its byte order mark, or by the zero byte of its first
 * character, and read as UTF-8.
 */
import {CaptionerError, type ErrorCode} from '../errors';
import {openFile, readFileChecked} from './regular-file';

/** Called with the number of bytes of a file read so far. */
export type OnBytes = (bytes: number) => void | Promise<void>;

const chunkSize = 256 * 1024;
const longestLine = 1024 * 1024; // bytes
const newline = 0x0a;
const carriageReturn = 0x0d;

/** Encodings by the byte order mark that a text begins with, in Latin-1. */
const marks = [
  ['\xef\xbb\xbf', 'utf-8'],
  ['\xff\xfe', 'utf-16le'],
  ['\xfe\xff', 'utf-16be'],
] as const;

/** Encodings without a mark, by how their first character, which is in ASCII, begins. */
const unmarked = [
  [['', 'utf-16le'], /^[\x01-\x7f]\x00/],
  [['', 'utf-16be'], /^\x00[\x01-\x7f]/],
] as const;

function markOf(bytes: Buffer): (typeof marks)[number] | (typeof unmarked)[number][0] | undefined {
  const beginning = bytes.toString('latin1', 0, 3);
  return (
    marks.find(([mark]) => beginning.startsWith(mark)) ??
    unmarked.find(([, begins]) => begins.test(beginning))?.[0]
  );
}

/** Largest file that is read as one text, in bytes: what a string can hold. */
const largestText = 500e6;

/**
 * Reads a text file of at most 500 MB, in UTF-8 or UTF-16.
 *
 * @throws CaptionerError `captions` for anything but a regular file of that size, and those of `explainFileError`; Node's own error where
 *   there is no such file.
 */
export function readText(file: string): string {
  return decodeText(readFileChecked(file, {code: 'captions', largest: largestText}));
}

/** Decodes UTF-8 or UTF-16. */
export function decodeText(bytes: Buffer): string {
  return new TextDecoder(markOf(bytes)?.[1] ?? 'utf-8').decode(bytes);
}

/**
 * Reads a file in chunks of UTF-8 without a byte order mark. Each chunk is valid only until the next is requested.
 *
 * @throws CaptionerError `captions` if the file cannot be read.
 */
export async function* fileChunks(file: string, onBytes?: OnBytes): AsyncGenerator<Buffer> {
  // One buffer for all chunks: a stream would leave hundreds of buffers to the garbage collector.
  const buffer = Buffer.alloc(chunkSize);
  const {handle} = await reading(file, openFile(file, {code: 'captions', largest: Infinity}));
  try {
    let done = 0;
    let decode: ((chunk: Buffer) => Buffer) | undefined;
    for (;;) {
      const {bytesRead} = await reading(file, handle.read(buffer, 0, buffer.length));
      if (bytesRead === 0) return;
      const chunk = buffer.subarray(0, bytesRead);
      decode ??= decoderOf(chunk);
      yield done === 0 && decode === unchanged ? withoutMark(chunk) : decode(chunk);
      done += bytesRead;
      await onBytes?.(done);
    }
  } finally {
    await handle.close();
  }
}

const unchanged = (chunk: Buffer): Buffer => chunk;

function withoutMark(chunk: Buffer): Buffer {
  return chunk.subarray(markOf(chunk)?.[0].length ?? 0);
}

/** Returns a function that converts the chunks of a file to UTF-8. @param first Its first chunk. */
function decoderOf(first: Buffer): (chunk: Buffer) => Buffer {
  const encoding = markOf(first)?.[1] ?? 'utf-8';
  if (encoding === 'utf-8') return unchanged;
  const decoder = new TextDecoder(encoding);
  return (chunk) => Buffer.from(decoder.decode(chunk, {stream: true}));
}

async function reading<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof CaptionerError) throw cause;
    throw new CaptionerError('captions', `${file}: cannot be read: ${(cause as Error).message}`, {cause});
  }
}

/** Splits the chunks of a text file into lines, without line ends and byte order mark. */
export class LineSplitter {
  /** The bytes of the line that is not complete. */
  #rest: Buffer = Buffer.alloc(0);
  #count = 0;

  /**
   * @param file Name of the file, for messages.
   * @param code Code of the error thrown for a line above 1 MB.
   * @param take Called with each line, which is valid only during the call, and its number, counted from 1.
   */
  constructor(
    private readonly file: string,
    private readonly code: ErrorCode,
    private readonly take: (line: Buffer, number: number) => void,
  ) {}

  push(chunk: Buffer): void {
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      const end = chunk.subarray(from, to);
      this.#emit(this.#rest.length === 0 ? end : Buffer.concat([this.#rest, end]));
      this.#rest = this.#rest.subarray(0, 0);
      from = to + 1;
    }
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(from)]);
    if (this.#rest.length > longestLine)
      throw new CaptionerError(
        this.code,
        `${this.file} line ${this.#count + 1}: expected a line of text, got more than 1 MB without a line end`,
      );
  }

  /** Emits the last line if it has no line end. */
  end(): void {
    if (this.#rest.length > 0) this.#emit(this.#rest);
  }

  #emit(line: Buffer): void {
    const marked = this.#count === 0 && line.subarray(0, 3).toString('latin1') === '\xef\xbb\xbf';
    this.take(line.subarray(marked ? 3 : 0, line.at(-1) === carriageReturn ? -1 : undefined), ++this.#count);
  }
}

/**
 * Calls `take` with each line of a UTF-8 file and its number, counted from 1. Empty lines at the end of the file are left out.
 *
 * @throws CaptionerError `captions` if the file cannot be read or has a line above 1 MB.
 */
export async function eachLine(
  file: string,
  take: (line: string, number: number) => void,
  onBytes?: OnBytes,
): Promise<void> {
  let taken = 0;
  const splitter = new LineSplitter(file, 'captions', (bytes, number) => {
    // Decoded line by line: a substring of a decoded chunk would keep the whole chunk in memory.
    const line = bytes.toString('utf8');
    if (line.trim() === '') return;
    while (taken < number - 1) take('', ++taken);
    take(line, ++taken);
  });
  for await (const chunk of fileChunks(file, onBytes)) splitter.push(chunk);
  splitter.end();
}
