/** The lines of a text file, one by one, however many there are. */
import {CaptionerError} from '../errors';
import {chunks, type OnBytes} from './chunks';

const longest = 1024 * 1024; // bytes
const newline = 0x0a;

/**
 * Calls `take` with each line and its number, counted from 1, without its end and without a byte order mark; empty lines
 * at the end of the file are left out.
 *
 * @throws CaptionerError `captions` when the file cannot be read, or has a line above 1 MB.
 */
export async function eachLine(
  file: string,
  take: (line: string, at: number) => void,
  onBytes?: OnBytes,
): Promise<void> {
  let at = 0;
  let empty = 0;
  const give = (bytes: Buffer): void => {
    // Decoded line by line, so that a part of a line that is kept does not keep the whole piece of the file.
    const line = bytes.toString('utf8').replace(/\r$/, '');
    const text = at + empty === 0 ? line.replace(/^\uFEFF/, '') : line;
    if (text.trim() === '') return void empty++;
    for (; empty > 0; empty--) take('', ++at);
    take(text, ++at);
  };

  let begun: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks(file, onBytes)) {
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      const end = chunk.subarray(from, to);
      give(begun.length === 0 ? end : Buffer.concat([begun, end]));
      begun = begun.subarray(0, 0);
      from = to + 1;
    }
    begun = Buffer.concat([begun, chunk.subarray(from)]);
    if (begun.length > longest)
      throw new CaptionerError(
        'captions',
        `${file} line ${at + empty + 1}: expected a line of text, got more than 1 MB without a line end`,
      );
  }
  give(begun);
}
