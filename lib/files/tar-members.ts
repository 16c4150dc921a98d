/**
 * Lists the members of a tar archive without reading the large ones: `tar-stream` interprets the headers, and bytes that nobody asks for are
 * never fetched. Names, kinds and sizes are what the archive claims; callers check them.
 */
import {extract, type Extract, type Header} from 'tar-stream';
import {CaptionerError} from '../errors';
import type {ByteSource} from './byte-source';

/** A member of an archive. */
export interface TarMember {
  /** Number in the archive, from 1. */
  readonly number: number;
  readonly name: string;
  /** `file`, `directory`, `symlink`, `link`, … */
  readonly type: string;
  /** Place of its first byte. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  /** Content, if it was wanted. */
  readonly content?: Buffer;
}

type Entry = Extract extends AsyncIterable<infer One> ? One : never;

/** Bytes that are read at once. */
const chunk = 256 * 1024;
/** Stands for bytes that aren't read. */
const unread = Buffer.alloc(chunk);

/**
 * Lists an archive's members in their order.
 *
 * @param wanted Whether a member is read.
 * @param onBytes Called with the number of bytes that are done.
 * @throws CaptionerError `archive` when it is truncated or no tar archive; as `ByteSource.read`
 */
export async function* tarMembers(
  source: ByteSource,
  wanted: (member: TarMember) => boolean,
  onBytes?: (done: number) => void | Promise<void>,
): AsyncGenerator<TarMember> {
  const {where, size: end} = source;
  const fail = (what: string, cause?: unknown): never => {
    throw new CaptionerError('archive', `${where}: ${what}`, {cause});
  };
  const parser = extract({});
  /** Bytes before this place belong to a member that isn't wanted. */
  let skipTo = 0;
  const feed = async (): Promise<void> => {
    for (let at = 0; at < end && !parser.destroyed;) {
      const skipped = Math.min(skipTo - at, unread.length);
      const bytes =
        skipped > 0 ? unread.subarray(0, skipped) : await source.read(at, Math.min(chunk, end - at));
      if (bytes.length === 0) fail(`expected ${end} bytes, found its end after ${at}`);
      at += bytes.length;
      if (!parser.write(bytes)) await drained(parser);
      await onBytes?.(at);
    }
    if (!parser.destroyed) parser.end(null);
  };
  const fed = feed().catch((error: unknown) => {
    parser.destroy(error as Error);
  });
  let number = 0;
  try {
    for await (const entry of parser) {
      const {type, size, byteOffset: offset} = entry.header as Header & {readonly byteOffset: number};
      const name = entry.header.name.replace(/^(?:\.\/)+/, '');
      const member = {number: ++number, name, type, offset, size: type === 'directory' ? 0 : size};
      if (offset + member.size > end)
        fail(`expected ${member.size} bytes of ${name} at ${offset}, found the end of the archive at ${end}`);
      if (member.size > 0 && wanted(member)) yield {...member, content: await contentOf(entry)};
      else {
        skipTo = offset + member.size;
        entry.resume();
        yield member;
      }
    }
  } catch (error) {
    if (error instanceof CaptionerError) throw error;
    fail(`expected a tar archive: ${(error as Error).message}`, error);
  } finally {
    parser.destroy();
    await fed;
  }
}

async function contentOf(entry: Entry): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of entry) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Waits until a parser takes more, or has ended. */
function drained(parser: Extract): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      parser.off('drain', done).off('close', done);
      resolve();
    };
    parser.on('drain', done).on('close', done);
  });
}
